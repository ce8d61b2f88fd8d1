/** A queue of jobs that run a few at a time. */
export class Queue {
  constructor(limit) {
    this.limit = limit;
    this.waiting = [];
    this.running = 0;
  }

  add(job) {
    const result = new Promise((resolve, reject) => {
      this.waiting.push({ job, resolve, reject });
    });
    this.next();
    return result;
  }

  next() {
    while (this.running < this.limit && this.waiting.length > 0) {
      const entry = this.waiting.shift();
      this.running += 1;
      Promise.resolve()
        .then(() => entry.job())
        .then(entry.resolve, entry.reject)
        .finally(() => {
          this.running -= 1;
          this.next();
        });
    }
  }
}

export function describe(queue) {
  const busy = queue.running === queue.limit;
  return busy ? "busy" : "free";
}

export function load(queue) {
  if (queue.limit === 0) {
    return 0;
  }
  return queue.running / queue.limit;
}
