import { spawnSync } from 'node:child_process';

export type TemplateName = 'c' | 'zig' | 'rust';

export interface Template {
  language: string;
  /** What its dependencies bring, and what that costs: measured on linux-x64, 20 MB/s. */
  brings: string;
  downloadMB: number;
  diskMB: number;
  seconds: number;
  /** What must be on the machine, and where to get it. */
  needs?: { tool: string; from: string };
}

/** Everything that differs between the languages but the projects themselves, which are in /templates. */
export const templates: Readonly<Record<TemplateName, Template>> = {
  c: {
    language: 'C',
    brings: "FlexiLib and Zig's C compiler",
    downloadMB: 86,
    diskMB: 401,
    seconds: 16,
  },
  zig: { language: 'Zig', brings: 'FlexiLib and Zig', downloadMB: 86, diskMB: 401, seconds: 16 },
  rust: {
    language: 'Rust',
    brings: 'FlexiLib',
    downloadMB: 3,
    diskMB: 6,
    seconds: 3,
    needs: { tool: 'cargo', from: 'https://rustup.rs' },
  },
};

export const templateNames: readonly TemplateName[] = Object.keys(templates) as TemplateName[];

export function isTemplate(text: string | undefined): text is TemplateName {
  return templateNames.includes(text as TemplateName);
}

/** What an install of the template's dependencies brings and costs. */
export function cost(name: TemplateName): string {
  const { brings, downloadMB, diskMB, seconds } = templates[name];
  return `${brings}: ${downloadMB} MB to download, ${diskMB} MB on disk, about ${seconds} s on a fast line`;
}

/** What the template needs of this machine and can't find, and how to get it; or undefined. */
export function lacking(name: TemplateName): string | undefined {
  const { needs } = templates[name];
  if (!needs || spawnSync(needs.tool, ['--version'], { stdio: 'ignore' }).status === 0) return undefined;
  return `${needs.tool} is not installed, and the project can't be built without; it comes from ${needs.from}`;
}
