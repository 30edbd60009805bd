/** Whom to call, as configured. */
import type { Contact } from "#server/incidents/schema.ts";

interface Configured {
  security: {
    incident: {
      contacts: readonly { name: string; role: string; email?: string | undefined; phone?: string | undefined }[];
    };
  };
}

export const contactsOf = ({ security }: Configured): Contact[] =>
  security.incident.contacts.map(({ name, role, email = null, phone = null }) => ({ name, role, email, phone }));
