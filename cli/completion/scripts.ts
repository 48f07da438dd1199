/** What `lbctl completion SHELL` prints: each script calls `lbctl __complete`, and lets the shell complete files. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = {
  // bash splits words at ":" and "=", so addresses are taken from the line and returned without the part bash already has.
  bash: `# lbctl completion for bash: source <(lbctl completion bash)
_lbctl() {
  local line="\${COMP_LINE:0:COMP_POINT}" words current known
  read -ra words <<<"$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  current="\${words[\${#words[@]}-1]}"
  known="\${current%"\${current##*[:=]}"}"
  local IFS=$'\\n'
  COMPREPLY=($("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null))
  COMPREPLY=("\${COMPREPLY[@]#"$known"}")
}
complete -o default -F _lbctl lbctl
`,
  zsh: `#compdef lbctl
# lbctl completion for zsh: source <(lbctl completion zsh)
_lbctl() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=(\${candidates:#})
  if (( \${#candidates} )); then compadd -a candidates; else _files; fi
}
compdef _lbctl lbctl
`,
  fish: `# lbctl completion for fish: lbctl completion fish | source
complete -c lbctl -f -a '(lbctl __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
complete -c lbctl -s f -l file -r -F
`,
};
