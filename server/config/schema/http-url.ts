import { z } from "zod";

/** An address to speak HTTP to, with nothing in it that could hold a secret. */
export const httpUrl = () =>
  z
    .string()
    .max(2048)
    .refine(
      (written) => {
        const url = URL.parse(written);
        return (
          url !== null && /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === ""
        );
      },
      { error: 'must be an http or https URL such as "https://api.example.com/v1", without a name, query or fragment' },
    )
    .meta({ type: "URL" });
