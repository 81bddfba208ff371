// Drawing in turns: a few milliseconds of each animation frame, so that no task of the page is long.

/** A frame's drawing ends after the job that has used this up. */
const BUDGET_MS = 8;

interface Job {
  run: () => void;
  /** How many times as long as its last drawing took an owner rests before the next. */
  rest: number;
}

/** What waits to be drawn, first come first drawn; a newer job for an owner replaces its older one. */
const jobs = new Map<object, Job>();
/** When the last drawing of each owner ended, and how long it took. */
const drawn = new WeakMap<object, { ended: number; took: number }>();
let frame = 0;
let timer = 0;

/**
 * Runs `run` in an animation frame to come, unless a newer job for `owner` takes its place, and not
 * before the owner has rested: slow drawings get their turn less often, with `rest` 0 at once.
 */
export function nextFrame(owner: object, run: () => void, rest: number): void {
  jobs.set(owner, { run, rest });
  // What waits may have become more urgent: a figure that has come in sight rests for less.
  if (frame === 0) schedule();
}

/** Forgets the job of `owner`. */
export function cancelFrame(owner: object): void {
  jobs.delete(owner);
}

function schedule(): void {
  clearTimeout(timer);
  timer = 0;
  const wait = Math.min(...[...jobs].map(([owner, job]) => due(owner, job))) - performance.now();
  if (wait <= 0) frame = requestAnimationFrame(work);
  else if (Number.isFinite(wait)) timer = window.setTimeout(schedule, wait);
}

function due(owner: object, { rest }: Job): number {
  const last = drawn.get(owner);
  return last === undefined ? 0 : last.ended + rest * last.took;
}

function work(): void {
  frame = 0;
  const start = performance.now();
  for (const [owner, job] of jobs) {
    const begun = performance.now();
    if (begun - start > BUDGET_MS) break;
    if (due(owner, job) > begun) continue;
    jobs.delete(owner);
    job.run();
    const ended = performance.now();
    drawn.set(owner, { ended, took: ended - begun });
  }
  if (jobs.size > 0) schedule();
}
