/**
 * Counts the tests of one file from the events of Node's test runner. A test with subtests, and a suite, stand for
 * what is inside them and are not counted themselves, unless they fail for a reason of their own (a hook that throws).
 */
export class Tally {
  passed = 0;
  /** @type {{ name: string, error: unknown }[]} */
  failures = [];
  /** @type {{ name: string, reason: string }[]} */
  skipped = [];
  #file;
  /** Names of the tests that enclose the one being reported, from the outside in. */
  #path = [];
  /** Whether a test with a given nesting has been reported since the last one that could enclose it. */
  #inside = [];

  /** @param {string} file path of the file, which the runner also reports as if it were a test. */
  constructor(file) {
    this.#file = file;
  }

  start({ name, nesting }) {
    this.#path.length = nesting;
    this.#path[nesting] = name;
  }

  pass(event) {
    const leaf = this.#closes(event);
    // The runner reports a file that holds no test as a test that passed.
    if (!leaf || this.#isFile(event)) return;
    if (event.skip !== undefined || event.todo !== undefined) this.#skip(event);
    else if (event.details.type !== 'suite') this.passed++;
  }

  fail(event) {
    const leaf = this.#closes(event);
    const { error } = event.details;
    if (!leaf && error.failureType === 'subtestsFailed') return;
    if (event.todo !== undefined) this.#skip(event);
    else if (this.#isFile(event)) this.#failure('the file itself', whyFileFailed(error));
    else this.#failure(this.#name(event), error.cause ?? error);
  }

  /** To be called after the last event. */
  end() {
    if (this.passed + this.failures.length + this.skipped.length === 0) this.#failure('the file itself', 'it holds no test');
  }

  #closes({ nesting }) {
    const leaf = !this.#inside[nesting + 1];
    this.#inside[nesting + 1] = false;
    this.#inside[nesting] = true;
    return leaf;
  }

  #isFile({ name, nesting }) {
    return nesting === 0 && name === this.#file;
  }

  #name({ name, nesting }) {
    return [...this.#path.slice(0, nesting), name].join(' > ');
  }

  #skip(event) {
    const { skip = event.todo } = event;
    this.skipped.push({
      name: this.#name(event),
      reason: typeof skip === 'string' ? skip : event.todo === undefined ? 'no reason given' : 'to do',
    });
  }

  #failure(name, error) {
    this.failures.push({ name, error });
  }
}

function whyFileFailed(error) {
  if (error.signal) return `its process was ended by ${error.signal}`;
  return error.exitCode === undefined ? (error.cause ?? error) : `its process ended with exit code ${error.exitCode}`;
}
