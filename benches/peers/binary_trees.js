// As binary_trees.lang.
class Tree {
  constructor(left, right) {
    this.left = left;
    this.right = right;
  }
  count() {
    return this.left === null ? 1 : 1 + this.left.count() + this.right.count();
  }
}

function build(depth) {
  return depth === 0 ? new Tree(null, null) : new Tree(build(depth - 1), build(depth - 1));
}

const depth = 18;
console.log(build(depth + 1).count());
const stays = build(depth);
for (let d = 4; d <= depth; d += 2) {
  const rounds = 1 << (depth - d + 4);
  let nodes = 0;
  for (let i = 0; i < rounds; i++) nodes += build(d).count();
  console.log(nodes);
}
console.log(stays.count());
