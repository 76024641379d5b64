/**
 * What a static batch makes of requests: groups in their order, prompts padded to the longest of the group, every row kept
 * until the longest answer of the group is done.
 */
export function paddedGroups(requests, groupSize) {
  const groups = [];
  for (let start = 0; start < requests.length; start += groupSize) {
    const members = requests.slice(start, start + groupSize);
    groups.push({
      requests: members,
      promptLength: Math.max(...members.map(({ promptIds }) => promptIds.length)),
      numNew: Math.max(...members.map(({ numNew }) => numNew)),
    });
  }
  return groups;
}

/**
 * Mean over all decode steps of the share of reserved cache slots that are of no use. Each row has slots for the padded
 * prompt and the longest answer. What a finished row holds is of no use; `keepsFinished` counts it all the same.
 */
export function paddedWaste(requests, groupSize, { keepsFinished }) {
  const shares = paddedGroups(requests, groupSize).flatMap((group) =>
    Array.from({ length: group.numNew }, (_, step) => 1 - usedShare(group, step, keepsFinished)),
  );
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** When the steps before have each put a token of every row in the cache. */
function usedShare({ requests, promptLength, numNew }, step, keepsFinished) {
  const useful = requests.filter((request) => keepsFinished || step < request.numNew);
  const used = useful.reduce((sum, request) => sum + request.promptIds.length + Math.min(step, request.numNew), 0);
  return used / (requests.length * (promptLength + numNew));
}
