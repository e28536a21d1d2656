/** How far tasks may lead to further tasks. */
export interface TaskBounds {
  /** A thread that is so many tasks away from a person's cannot delegate. */
  readonly depth: number;
  /** While so many threads of a family work, no other begins. */
  readonly aliveCount: number;
}

const DEFAULT: TaskBounds = { depth: 3, aliveCount: 16 };

/** As the options of a runtime have them. */
export const boundsIn = ({ taskBounds = DEFAULT }: { readonly taskBounds?: TaskBounds }): TaskBounds =>
  taskBounds;
