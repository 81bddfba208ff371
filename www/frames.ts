// Drawing in turns: a few milliseconds of each animation frame, so that no task of the page is long.

/** A frame's drawing ends after the job that has used this up. */
const BUDGET_MS = 8;
/** A job that took a while waits this many times as long before its owner draws again. */
const REST = 10;

/** What waits to be drawn, first come first drawn; a newer job for an owner replaces its older one. */
const jobs = new Map<object, () => void>();
/** Until when each owner rests. */
const resting = new WeakMap<object, number>();
let scheduled = false;

/**
 * Runs `job` in an animation frame to come, unless a newer one for `owner` takes its place. Owners
 * whose jobs are slow get their turn less often; an `urgent` job does not wait for its turn.
 */
export function nextFrame(owner: object, job: () => void, urgent: boolean): void {
  if (urgent) resting.delete(owner);
  jobs.set(owner, job);
  if (!scheduled) requestAnimationFrame(work);
  scheduled = true;
}

/** Forgets the job of `owner`. */
export function cancelFrame(owner: object): void {
  jobs.delete(owner);
}

function work(): void {
  const start = performance.now();
  for (const [owner, job] of jobs) {
    const begun = performance.now();
    if (begun - start > BUDGET_MS) break;
    if ((resting.get(owner) ?? 0) > begun) continue;
    jobs.delete(owner);
    job();
    const ended = performance.now();
    resting.set(owner, ended + REST * (ended - begun));
  }
  scheduled = jobs.size > 0;
  if (scheduled) requestAnimationFrame(work);
}
