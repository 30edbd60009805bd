import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ACTIONS,
  allOf,
  cellOf,
  groupState,
  isLocked,
  permissionAt,
  permissionsOf,
  permissionsOfAction,
  RESOURCES,
  sameEntries,
  toggle,
  toggleAll,
  unknownEntries,
  WIDE_ENTRIES,
} from "#components/roles/matrix.ts";
import { PERMISSION_MEANINGS } from "#components/shared/permission-meanings.ts";
import { can, isWithin, permissionDiff, PERMISSIONS } from "#server/access/permissions.ts";

const entry = fc.constantFrom(...PERMISSIONS, ...WIDE_ENTRIES, ...RESOURCES.map(allOf), "gone:long_ago");
const entries = fc.uniqueArray(entry, { maxLength: 12 });
const permission = fc.constantFrom(...PERMISSIONS);
const resource = fc.constantFrom(...RESOURCES);

test("every permission has its place in the table, and only those", () => {
  const placed = RESOURCES.flatMap((row) => ACTIONS.flatMap((action) => permissionAt(row, action) ?? []));
  expect(placed.toSorted()).toEqual([...PERMISSIONS].toSorted());
});

test("every permission has a meaning of one line", () => {
  expect(Object.keys(PERMISSION_MEANINGS).toSorted()).toEqual([...PERMISSIONS].toSorted());
  for (const meaning of Object.values(PERMISSION_MEANINGS)) {
    expect(meaning).toMatch(/^[A-Z][^\n]{8,110}\.$/);
  }
});

describe("AUTHZ-1 the table and the gate agree", () => {
  test("a cell is ticked exactly when the entries grant its permission", () => {
    fc.assert(
      fc.property(entries, permission, (held, wanted) => {
        expect(cellOf(held, wanted).checked).toBe(can(held, wanted));
      }),
    );
  });

  test("a wide entry is ticked only where it gives nothing more, and names an entry that is held", () => {
    fc.assert(
      fc.property(entries, entry, (held, wanted) => {
        const { checked, impliedBy } = cellOf(held, wanted);
        expect(checked && !isWithin(held, wanted) && !held.includes(wanted)).toBe(false);
        expect(impliedBy === null || (held.includes(impliedBy) && isWithin([impliedBy], wanted))).toBe(true);
      }),
    );
  });

  test("ticking gives the permission; unticking takes it, unless a wider entry gives it still", () => {
    fc.assert(
      fc.property(entries, permission, (held, wanted) => {
        expect(can(toggle(held, wanted, true), wanted)).toBe(true);
        const after = toggle(held, wanted, false);
        expect(can(after, wanted)).toBe(cellOf(held, wanted).impliedBy !== null);
        expect(permissionDiff(held, after).gained).toEqual([]);
      }),
    );
  });

  test("a change of one cell changes no other", () => {
    fc.assert(
      fc.property(entries, permission, fc.boolean(), (held, wanted, on) => {
        const { gained, lost } = permissionDiff(held, toggle(held, wanted, on));
        expect([...gained, ...lost].filter((changed) => changed !== wanted)).toEqual([]);
      }),
    );
  });

  test("a row or column is switched whole, and nothing beside it", () => {
    const group = fc.oneof(resource.map(permissionsOf), fc.constantFrom(...ACTIONS).map(permissionsOfAction));
    fc.assert(
      fc.property(entries, group, (held, permissions) => {
        const on = toggleAll(held, permissions, true);
        expect(groupState(on, permissions)).toBe("all");
        const off = toggleAll(held, permissions, false);
        expect(permissions.filter((each) => can(off, each))).toEqual(
          permissions.filter((each) => cellOf(held, each).impliedBy !== null),
        );
        const { gained, lost } = permissionDiff(off, on);
        expect([...gained, ...lost].every((changed) => permissions.some((each) => each === changed))).toBe(true);
      }),
    );
  });

  test("a group is locked exactly when switching it off changes nothing it grants", () => {
    fc.assert(
      fc.property(entries, resource, (held, name) => {
        const permissions = permissionsOf(name);
        const off = toggleAll(held, permissions, false);
        expect(isLocked(held, permissions)).toBe(permissions.every((each) => can(off, each)));
      }),
    );
  });

  test("a difference of nothing is none, and going back takes what was given", () => {
    fc.assert(
      fc.property(entries, entries, (one, other) => {
        expect(permissionDiff(one, one)).toEqual({ gained: [], lost: [] });
        const there = permissionDiff(one, other);
        const back = permissionDiff(other, one);
        expect(there).toEqual({ gained: back.lost, lost: back.gained });
      }),
    );
  });
});

test("an entry that means nothing is shown as such", () => {
  expect(unknownEntries(["read", "gone:long_ago", "runs:*"])).toEqual(["gone:long_ago"]);
});

test("order makes no difference", () => {
  expect(sameEntries(["read", "write"], ["write", "read"])).toBe(true);
  expect(sameEntries(["read"], ["read", "write"])).toBe(false);
});
