"""As binary_trees.lang."""


class Tree:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right

    def count(self):
        return 1 if self.left is None else 1 + self.left.count() + self.right.count()


def build(depth):
    return Tree(None, None) if depth == 0 else Tree(build(depth - 1), build(depth - 1))


DEPTH = 18
print(build(DEPTH + 1).count())
stays = build(DEPTH)
for d in range(4, DEPTH + 1, 2):
    print(sum(build(d).count() for _ in range(1 << (DEPTH - d + 4))))
print(stays.count())
