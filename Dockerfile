# One image with all three programs; whoever starts a container names one:
#   docker build -t equipoise:0.1.0 .
#   docker run equipoise:0.1.0 lb-data-plane --control-plane 10.0.0.5:7000
# Node and the platform are pinned by version; for a build that never changes, pin the digest too.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
# Tests and the bench are of no use in the image.
RUN npm run build && rm -rf dist/harness dist/test dist/bench

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production PATH=/opt/equipoise/bin:$PATH
WORKDIR /opt/equipoise
COPY package.json package-lock.json .npmrc ./
# koffi and lmdb come prebuilt for x64 and arm64, as packages of their own: no script has to run.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY --from=build /build/dist ./dist
COPY deploy/container ./deploy/container
RUN mkdir bin \
  && ln -s ../dist/control-plane/main.js bin/lb-control-plane \
  && ln -s ../dist/data-plane/main.js bin/lb-data-plane \
  && ln -s ../dist/cli/main.js bin/lbctl \
  && install -d -o 10001 -g 10001 /var/lib/equipoise

# A number, so that Kubernetes can tell that it is not root.
USER 10001:10001
# Relative paths, such as ./data/proxy-ID, lead here.
WORKDIR /var/lib/equipoise
VOLUME /var/lib/equipoise
# The HTTP address of either program.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "/opt/equipoise/deploy/container/health.mjs", "http://127.0.0.1:7100/healthz", "http://127.0.0.1:7080/healthz"]
# The base image's would run a name it does not know as a script.
ENTRYPOINT []
CMD ["lb-data-plane"]
