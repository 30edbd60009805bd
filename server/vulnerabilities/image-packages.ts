/** The packages inside an image, from the files its package manager keeps. Pure. */
import type { InstalledPackage } from "#server/vulnerabilities/installed.ts";

interface ImageFiles {
  /** Name of the image. */
  image: string;
  /** `/etc/os-release` or `/usr/lib/os-release`; null = it has none. */
  osRelease: string | null;
  /** `/var/lib/dpkg/status`. */
  dpkg: string | null;
  /** `/lib/apk/db/installed`. */
  apk: string | null;
}

/** @returns null when the distribution or its package list is not known: nothing can be said then. */
export function imagePackages({ image, osRelease, dpkg, apk }: ImageFiles): InstalledPackage[] | null {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}=["']?([^"'\\n]+)`, "m").exec(osRelease ?? "")?.[1]?.trim();
  const version = field("VERSION_ID");
  if (version === undefined || !/^\d[\d.]*$/.test(version)) {
    return null;
  }
  if (field("ID") === "debian" && dpkg !== null) {
    return dpkgPackages(dpkg, `Debian:${version.split(".")[0] ?? ""}`, image);
  }
  if (field("ID") === "alpine" && apk !== null) {
    return apkPackages(apk, `Alpine:v${version.split(".").slice(0, 2).join(".")}`, image);
  }
  return null;
}

/** Advisories name source packages, so several binary packages of one source become one. */
function dpkgPackages(status: string, ecosystem: string, image: string): InstalledPackage[] {
  return unique(
    status.split(/\n\n+/).flatMap((paragraph) => {
      const value = (name: string): string | undefined => new RegExp(`^${name}: (.+)$`, "m").exec(paragraph)?.[1];
      const name = value("Package");
      const version = value("Version");
      // "Source: glibc (2.36-9)" where the version differs from the binary's.
      const [, source, sourceVersion] = /^(\S+)(?: \((\S+)\))?$/.exec(value("Source") ?? "") ?? [];
      return name === undefined || version === undefined || !/ installed$/.test(value("Status") ?? "")
        ? []
        : [{ name: source ?? name, version: sourceVersion ?? version, ecosystem, path: image }];
    }),
  );
}

function apkPackages(database: string, ecosystem: string, image: string): InstalledPackage[] {
  return unique(
    database.split(/\n\n+/).flatMap((paragraph) => {
      const value = (key: string): string | undefined => new RegExp(`^${key}:(.+)$`, "m").exec(paragraph)?.[1];
      const name = value("o") ?? value("P");
      const version = value("V");
      return name === undefined || version === undefined ? [] : [{ name, version, ecosystem, path: image }];
    }),
  );
}

function unique(packages: readonly InstalledPackage[]): InstalledPackage[] {
  return [...new Map(packages.map((one) => [`${one.name} ${one.version}`, one])).values()];
}
