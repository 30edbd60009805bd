/** Who may import what. Every rule is an error: the folders are the architecture, and this file keeps them so. */
const DOMAIN = "^server/(?!core/|trpc/)([^/]+)/";
const TEST = "\\.(test|int\\.test|spec)\\.tsx?$";

module.exports = {
  forbidden: [
    { name: "no-cycles", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    {
      name: "browser-loads-only-schema-and-policy",
      from: { path: "^components/" },
      to: {
        path: "^server/",
        pathNot: "^server/[^/]+/(schema|policy|permissions|events|addresses)\\.ts$",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "pages-go-through-trpc",
      from: { path: "^app/(?!api/|v1/|hooks/)" },
      to: {
        path: "^server/",
        pathNot: "^server/(trpc/caller|auth/(index|session))\\.ts$",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "server-never-loads-ui",
      from: { path: "^(server|sandbox-worker|cli|supervisor)/" },
      to: { path: "^(app|components)/" },
    },
    {
      name: "domain-via-public-surface",
      from: { path: DOMAIN, pathNot: TEST },
      to: { path: DOMAIN, pathNot: ["^server/$1/", "/(index|schema|policy|addresses)\\.ts$"] },
    },
    { name: "core-knows-no-domain", from: { path: "^server/core/", pathNot: TEST }, to: { path: "^server/(?!core/)" } },
    {
      name: "services-know-no-transport",
      from: { path: DOMAIN, pathNot: ["/router\\.ts$", TEST] },
      to: { path: "^server/trpc/|(^|node_modules/)(@trpc|next)/|^next$" },
    },
    { name: "routers-are-thin", from: { path: "/router\\.ts$" }, to: { path: "^server/core/db/" } },
    {
      name: "docker-only-in-worker",
      from: { pathNot: "^(sandbox-worker|e2e|tests|bench)/" },
      to: { path: "(^|node_modules/)dockerode" },
    },
    {
      name: "worker-and-cli-skip-web",
      from: { path: "^(sandbox-worker|cli|supervisor)/" },
      to: { path: "^(server/trpc|app)/|/router\\.ts$" },
    },
  ].map((rule) => ({ severity: "error", ...rule })),
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(\\.next|\\.cache|node_modules/\\.cache|server/core/db/generated)" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".tsx", ".mts", ".mjs", ".cjs", ".js", ".json"] },
  },
};
