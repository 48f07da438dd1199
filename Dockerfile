# One image with all three programs. Name the program when you start a container:
#   docker build -t equipoise:0.1.0 .
#   docker run equipoise:0.1.0 lb-data-plane --control-plane 10.0.0.5:7000
# Node and the base system are pinned by version. For fully reproducible builds, pin the digest as well.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
# The image needs no tests and no bench.
RUN npm run build && rm -rf dist/harness dist/test dist/bench

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production PATH=/opt/equipoise/bin:$PATH
WORKDIR /opt/equipoise
COPY package.json package-lock.json .npmrc ./
# koffi and lmdb are prebuilt for x64 and arm64 in packages of their own, so no install script has to run.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY --from=build /build/dist ./dist
COPY deploy/container ./deploy/container
RUN mkdir bin \
  && ln -s ../dist/control-plane/main.js bin/lb-control-plane \
  && ln -s ../dist/data-plane/main.js bin/lb-data-plane \
  && ln -s ../dist/cli/main.js bin/lbctl \
  && install -d -o 10001 -g 10001 /var/lib/equipoise

# The user is a number, so that Kubernetes can see that it is not root.
USER 10001:10001
# Relative paths, such as ./data/proxy-ID, are resolved here.
WORKDIR /var/lib/equipoise
VOLUME /var/lib/equipoise
# The HTTP address of either program.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "/opt/equipoise/deploy/container/health.mjs", "http://127.0.0.1:7100/healthz", "http://127.0.0.1:7080/healthz"]
# The entry point of the base image would run an unknown name as a script.
ENTRYPOINT []
CMD ["lb-data-plane"]
