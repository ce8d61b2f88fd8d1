export interface Item {
  name: string;
  count: number;
}

export class Shelf {
  private readonly items = new Map<string, Item>();

  put(name: string, count: number): Item {
    const known = this.items.get(name);
    const item = { name, count: (known?.count ?? 0) + count };
    this.items.set(name, item);
    return item;
  }

  take(name: string): number {
    const item = this.items.get(name);
    if (item === undefined) {
      return 0;
    }
    this.items.delete(name);
    return item.count;
  }

  total(): number {
    let sum = 0;
    for (const item of this.items.values()) {
      sum += item.count;
    }
    return sum;
  }

  describe(): string {
    return this.items.size > 3 ? "busy" : "free";
  }
}
