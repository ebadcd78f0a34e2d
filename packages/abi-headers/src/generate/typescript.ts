// src/layout.ts: where things are in memory, for code that reads or writes the structs from JavaScript.
import { constants, structs, version } from '../definition.ts';
import { origin } from './text.ts';

const fieldSize = 8;

export function typescript(): string {
  const levels = constants.filter(({ name }) => name.startsWith('LOG_'));
  const sizes = structs.map(({ name, docs, fields }) => {
    const offsets = fields.map((field, index) => `    ${field.name}: ${index * fieldSize},\n`).join('');
    const size = fields.length * fieldSize;
    return `/** ${docs.split('. ')[0]!.replace(/\.$/, '')}. */
export const ${name} = {
  size: ${size},
  offsets: {
${offsets}  },
} as const;
`;
  });
  return `// ${origin}

export const ABI_VERSION = ${version};

/** Levels of \`host.log\`. */
export const logLevels = {
${levels.map(({ name, value }) => `  ${name.slice(4).toLowerCase()}: ${value},\n`).join('')}} as const;

${sizes.join('\n')}`;
}
