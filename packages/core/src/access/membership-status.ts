/** Apart from the membership's schema: the authorizers know the states and carry no library of schemas. */
export const membershipStatuses = ["invited", "active", "disabled"] as const;
export type MembershipStatus = (typeof membershipStatuses)[number];
