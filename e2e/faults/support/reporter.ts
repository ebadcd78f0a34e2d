import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { type Outcome, tabulate } from './table.ts';

/** Prints the table of faults after a run. A number without a test fails a run of all of them. */
export class FaultTable implements Reporter {
  private vitest!: Vitest & { filenamePattern?: string[] }; // which is not in the types

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const outcomes = modules.flatMap((module) => [...module.children.allTests()].map(outcomeOf));
    const { lines, missing } = tabulate(outcomes);
    const partly = this.vitest.filenamePattern || this.vitest.config.testNamePattern;
    console.log(`\n${lines.filter((line) => !(partly && line.endsWith('MISSING'))).join('\n')}`);
    if (partly || missing.length === 0) return;
    console.error(`\nerror: no test of ${missing.map((number) => `F${number}`).join(', ')}`);
    process.exitCode = 1;
  }
}

function outcomeOf(test: TestCase): Outcome {
  const { state } = test.result();
  return {
    name: test.name,
    state: test.options.mode === 'todo' ? 'todo' : state,
    duration: test.diagnostic()?.duration ?? 0,
  };
}
