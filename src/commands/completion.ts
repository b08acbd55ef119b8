/** `sealpost completion`: scripts by which shells complete commands and options. */
import { type CommandCall, describeUnknown, readArguments, UsageError } from './command.ts';

export const completionUsage = `Usage: sealpost completion bash | zsh | fish

  Prints a script that completes commands and options. The words come from the help pages of this version.

Examples:
  source <(sealpost completion bash)       # in ~/.bashrc
  source <(sealpost completion zsh)        # in ~/.zshrc, after compinit
  sealpost completion fish > ~/.config/fish/completions/sealpost.fish

Exit codes: 0 done, 2 a wrong call.
`;

/** Help pages by the names of the commands. */
type Usages = Readonly<Record<string, string>>;

const shells = ['bash', 'zsh', 'fish'] as const;

export interface CompletionCall extends Pick<CommandCall, 'args'> {
  readonly output: { write(text: string): unknown };
  readonly usages: Usages;
}

/**
 * `sealpost completion`.
 * @throws UsageError
 */
export function completion({ args, output, usages }: CompletionCall): 0 {
  const { positionals } = readArguments({ args: [...args], allowPositionals: true, options: {} });
  const [shell, ...more] = positionals;
  if (shell === undefined) throw new UsageError(`a shell is missing: ${shells.join(', ')}`);
  if (more.length > 0) throw new UsageError(`unexpected "${more.join(' ')}"`);
  const known = shells.find((name) => name === shell);
  if (!known) throw new UsageError(describeUnknown('shell', shell, shells));
  const words = Object.entries(usages).map(([command, usage]) => [command, optionsIn(usage)] as const);
  output.write(known === 'fish' ? fish(words) : known === 'zsh' ? `${zshBegin}${bash(words)}` : bash(words));
  return 0;
}

type Words = readonly (readonly [command: string, options: readonly string[]])[];

/** Long options that a help page names, each once. */
function optionsIn(usage: string): readonly string[] {
  return [...new Set([...usage.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option).concat('--help'))].toSorted();
}

// zsh understands bash's completion after this.
const zshBegin = 'autoload -U +X bashcompinit && bashcompinit\n';

function bash(words: Words): string {
  const cases = words.map(([command, options]) => `    ${command}) words="${options.join(' ')}" ;;`);
  return `_sealpost() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="${words.map(([command]) => command).join(' ')} --config --version --help" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${words.map(([command]) => command).join(' ')} --config --version --help"; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _sealpost sealpost
`;
}

function fish(words: Words): string {
  const commands = words.map(([command]) => command).join(' ');
  const begin = [
    `complete -c sealpost -n '__fish_use_subcommand' -a '${commands}'`,
    ...['config', 'version', 'help'].map((option) => `complete -c sealpost -n '__fish_use_subcommand' -l ${option}`),
  ];
  const rest = words.flatMap(([command, options]) =>
    options.map((option) => `complete -c sealpost -n '__fish_seen_subcommand_from ${command}' -l ${option.slice(2)}`),
  );
  return `${[...begin, ...rest].join('\n')}\n`;
}
