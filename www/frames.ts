// Drawing in turns: a few milliseconds of each animation frame, so that no task of the page is long.

const BUDGET_MS = 8;

/** What waits to be drawn, first come first drawn; a newer job for an owner replaces its older one. */
const jobs = new Map<object, () => void>();
let scheduled = false;

/** Runs `job` in an animation frame to come, unless a newer one for `owner` takes its place. */
export function nextFrame(owner: object, job: () => void): void {
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
    jobs.delete(owner);
    job();
    if (performance.now() - start > BUDGET_MS) break;
  }
  scheduled = jobs.size > 0;
  if (scheduled) requestAnimationFrame(work);
}
