import { spawn } from 'node:child_process';

/** The package manager that runs this command. */
export function packageManager(): string {
  return /^(npm|pnpm|yarn|bun)\//.exec(process.env.npm_config_user_agent ?? '')?.[1] ?? 'npm';
}

/** Runs the package manager's install in a folder, its output for the user to see; gives whether it went well. */
export function install(manager: string, folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    spawn(manager, ['install'], { cwd: folder, stdio: 'inherit' })
      .on('error', () => resolve(false)) // it isn't there
      .on('close', (status) => resolve(status === 0));
  });
}
