/** Dockerfiles, so far as ours goes. What it does not know is an error, so that a test never passes over a line. */

/** One line of a Dockerfile. */
export interface Instruction {
  readonly name: string;
  readonly flags: ReadonlyMap<string, string>;
  /** What follows the flags; of a list in JSON its elements. */
  readonly args: readonly string[];
  /** What follows the flags, as it is written. */
  readonly text: string;
}

export interface Stage {
  readonly base: string;
  readonly name?: string;
  readonly instructions: readonly Instruction[];
}

const known = new Set('FROM WORKDIR COPY RUN VOLUME ENV USER EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD'.split(' '));

/** @throws Error for an instruction that is not known here */
export function parseDockerfile(text: string): Stage[] {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: { base: string; name?: string; instructions: Instruction[] }[] = [];
  for (const instruction of lines.map((line) => parseLine(line.trim()))) {
    const { name, args } = instruction;
    if (name === 'FROM') stages.push({ base: args[0] ?? '', ...(args[2] && { name: args[2] }), instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

function parseLine(line: string): Instruction {
  const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
  if (!known.has(name)) throw new Error(`unknown instruction: ${line}`);
  const flags = new Map<string, string>();
  let left = rest;
  for (let flag = /^--([a-z-]+)=(\S+)\s+/.exec(left); flag; flag = /^--([a-z-]+)=(\S+)\s+/.exec(left)) {
    flags.set(flag[1] ?? '', flag[2] ?? '');
    left = left.slice(flag[0].length);
  }
  return { name, flags, args: argumentsIn(left), text: left };
}

function argumentsIn(text: string): string[] {
  const list = text.slice(text.indexOf('['));
  return /^(?:CMD )?\[/.test(text) ? (JSON.parse(list) as string[]) : text.split(/\s+/);
}

/** The arguments of the last instruction of this name in a stage. */
export function last(stage: Stage, name: string): readonly string[] {
  return stage.instructions.findLast((instruction) => instruction.name === name)?.args ?? [];
}

/** What `docker build` may read of a folder by its .dockerignore, which must forbid all and then allow paths. */
export function allowedBy(ignoreFile: string): string[] {
  const [first, ...rest] = ignoreFile.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (first !== '*' || rest.some((line) => !/^![\w.-]+$/.test(line)))
    throw new Error('.dockerignore is no list of what is allowed');
  return rest.map((line) => line.slice(1));
}
