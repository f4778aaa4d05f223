import { tenantPermissions } from "@tenantry/core/access/policy";
import { z } from "zod";
import { instantExample, tenantIdExample } from "./common.ts";

export const userIdExample = "b4c81408-70c1-70b1-9f1e-3a2f5c7d9e01";

const roleNames = z
  .array(z.string().min(1).max(40))
  .min(1)
  .max(10)
  .meta({ description: "Built-in roles of tenants, or the tenant's own.", example: ["tenant-member"] });

export const User = z
  .strictObject({
    id: z.string(),
    email: z.string().nullable(),
    roles: z.array(z.string()),
    status: z.enum(["invited", "active", "disabled"]),
    created_at: z.string(),
    invited_by: z.string().nullable(),
    invitation_ends_at: z
      .string()
      .nullable()
      .meta({ description: "Until when the invitation can be accepted; null for members." }),
  })
  .meta({
    id: "User",
    description: "A user's place in a tenant.",
    example: {
      id: userIdExample,
      email: "member@acme.example",
      roles: ["tenant-member"],
      status: "active",
      created_at: instantExample,
      invited_by: userIdExample,
      invitation_ends_at: null,
    },
  });

export const InviteUserBody = z.strictObject({ email: z.string().min(1).max(320), roles: roleNames }).meta({
  id: "InviteUser",
  description: "Whom to invite. The address is of ASCII; domains in other scripts are written as in DNS.",
  example: { email: "member@acme.example", roles: ["tenant-member"] },
});

export const ChangeUserBody = z
  .strictObject({ roles: roleNames.optional(), status: z.enum(["active", "disabled"]).optional() })
  .refine(({ roles, status }) => roles !== undefined || status !== undefined, "names nothing to change")
  .meta({
    id: "ChangeUser",
    description: "What is absent stays as it is.",
    example: { roles: ["tenant-viewer"] },
  });

export const Invitation = z
  .strictObject({
    org_id: z.string(),
    roles: z.array(z.string()),
    invited_by: z.string().nullable(),
    ends_at: z.string().nullable(),
  })
  .meta({
    id: "Invitation",
    description: "A tenant that invited you.",
    example: { org_id: tenantIdExample, roles: ["tenant-member"], invited_by: userIdExample, ends_at: instantExample },
  });

export const Role = z.strictObject({ name: z.string(), built_in: z.boolean(), permissions: z.array(z.string()) }).meta({
  id: "Role",
  description: "A role that users of the tenant can have.",
  example: { name: "bookkeeper", built_in: false, permissions: ["usage:read"] },
});

const grantable = tenantPermissions as [string, ...string[]] & typeof tenantPermissions;

export const PutRoleBody = z
  .strictObject({ permissions: z.array(z.enum(grantable)).min(1).max(grantable.length) })
  .meta({
    id: "PutRole",
    description: "What the role permits: permissions of tenants, none that you lack.",
    example: { permissions: ["usage:read"] },
  });

export const roleName = z
  .string()
  .regex(
    /^(?!tenant-|platform-)[a-z][a-z0-9-]{1,31}$/,
    "must have 2 to 32 lower-case letters, digits and hyphens, and not begin with tenant- or platform-",
  )
  .meta({ description: "The role's name.", example: "bookkeeper" });
