import type { Reporter, TestModule } from 'vitest/node';

/**
 * Says how many tests ran and under which Node, and under CI fails a run in which none did: skipped tests are
 * green, and a suite that skips everything would prove nothing without anybody noticing.
 */
export class ExecutedTestsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let executedCount = 0;
    for (const module of modules) {
      const count = countExecuted(module);
      executedCount += count;
      if (count === 0) console.log(`   Executed  nothing in ${module.relativeModuleId}`);
    }
    console.log(`   Executed  ${executedCount} tests under Node ${process.version}\n`);
    if (executedCount === 0 && process.env['CI'] !== undefined) {
      console.error('no test was executed: every one was skipped, or there is none');
      process.exitCode = 1;
    }
  }
}

function countExecuted(module: TestModule): number {
  let count = 0;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed' || state === 'failed') count += 1;
  }
  return count;
}
