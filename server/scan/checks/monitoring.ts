/** Whether somebody is told: monitoring, alerts, scans, and the rotation of keys. */
import { atKey, checksOf, setKey, DAY_MS, type Check } from "#server/scan/check.ts";
import { few } from "#server/scan/shown.ts";

const BASE = ["security", "monitoring"] as const;
const ANOMALIES = [...BASE, "anomalyDetection"] as const;
const ALERTING = [...BASE, "alerting"] as const;
const ROTATION = ["security", "keyRotation"] as const;
const METRICS = [
  "authentication_failures",
  "authorization_denials",
  "message_volume",
  "file_access_patterns",
  "resource_usage",
] as const;
const DEAF = 0.95;
const NERVOUS = 0.3;
const LONG_MS = 180 * DAY_MS;
const RARE_MS = 7 * DAY_MS;

export const MONITORING_CHECKS: readonly Check[] = checksOf(
  "monitoring",
  ["configuration"],
  [
    {
      id: "monitoring.off",
      severity: "warn",
      title: "Monitoring is switched off",
      why: "An attack is found by whoever is harmed by it.",
      run: ({ configuration: { config } }) =>
        config.security.monitoring.enabled
          ? []
          : [
              atKey([...BASE, "enabled"], "security.monitoring.enabled is false.", "Switch it on.", {
                command: setKey([...BASE, "enabled"], "true"),
              }),
            ],
    },
    {
      id: "monitoring.anomalies_off",
      severity: "warn",
      title: "Nothing looks for what is unusual",
      why: "Stolen tokens are used within every limit.",
      run: ({ configuration: { config } }) =>
        config.security.monitoring.anomalyDetection.enabled
          ? []
          : [
              atKey(
                [...ANOMALIES, "enabled"],
                "security.monitoring.anomalyDetection.enabled is false.",
                "Switch it on.",
                { command: setKey([...ANOMALIES, "enabled"], "true") },
              ),
            ],
    },
    {
      id: "monitoring.metrics_left_out",
      severity: "info",
      title: "Some of what is measured is not watched",
      why: "An attack of that kind is not noticed.",
      run: ({ configuration: { config } }) => {
        const { enabled, metrics } = config.security.monitoring.anomalyDetection;
        const missing = METRICS.filter((metric) => !metrics.some((listed) => listed === metric));
        return enabled && missing.length > 0
          ? [
              atKey(
                [...ANOMALIES, "metrics"],
                `security.monitoring.anomalyDetection.metrics leaves out ${few(missing, 5)}.`,
                "Remove the key to watch all.",
              ),
            ]
          : [];
      },
    },
    {
      id: "monitoring.threshold_deaf",
      severity: "warn",
      title: "Nearly nothing counts as unusual",
      why: "The threshold is never reached.",
      run: ({ configuration: { config } }) => {
        const { threshold } = config.security.monitoring.anomalyDetection;
        return threshold > DEAF
          ? [
              atKey(
                [...ANOMALIES, "threshold"],
                `security.monitoring.anomalyDetection.threshold is ${threshold}.`,
                "Use 0.8.",
                { command: setKey([...ANOMALIES, "threshold"], "0.8") },
              ),
            ]
          : [];
      },
    },
    {
      id: "monitoring.threshold_nervous",
      severity: "info",
      title: "Nearly everything counts as unusual",
      why: "Whoever is told all day stops reading.",
      run: ({ configuration: { config } }) => {
        const { threshold } = config.security.monitoring.anomalyDetection;
        return threshold < NERVOUS
          ? [
              atKey(
                [...ANOMALIES, "threshold"],
                `security.monitoring.anomalyDetection.threshold is ${threshold}.`,
                "Use 0.8.",
                { command: setKey([...ANOMALIES, "threshold"], "0.8") },
              ),
            ]
          : [];
      },
    },
    {
      id: "monitoring.alerts_off",
      severity: "warn",
      title: "Alerts are switched off",
      why: "What is found is told to nobody.",
      run: ({ configuration: { config } }) =>
        config.security.monitoring.alerting.enabled
          ? []
          : [
              atKey([...ALERTING, "enabled"], "security.monitoring.alerting.enabled is false.", "Switch it on.", {
                command: setKey([...ALERTING, "enabled"], "true"),
              }),
            ],
    },
    {
      id: "monitoring.no_way_out",
      severity: "warn",
      title: "The configuration names no way for alerts",
      why: "Somebody has to look at the console to learn of an attack.",
      run: ({ configuration: { config, owned } }) => {
        const { enabled, channels } = config.security.monitoring.alerting;
        return enabled && channels.length === 0 && owned.has("security.monitoring.alerting")
          ? [
              atKey(
                [...ALERTING, "channels"],
                "security.monitoring.alerting.channels is empty.",
                "Name email or webhook, with its receiver.",
                { command: setKey([...ALERTING, "channels"], '["email"]') },
              ),
            ]
          : [];
      },
    },
    {
      id: "monitoring.failures_untold",
      severity: "info",
      title: "Security events raise no alert",
      why: "Failed sign-ins and escapes from the sandbox are written down and told to nobody.",
      run: ({ configuration: { config } }) =>
        config.logging.security.alertOnFailures
          ? []
          : [
              atKey(
                ["logging", "security", "alertOnFailures"],
                "logging.security.alertOnFailures is false.",
                "Switch it on.",
                { command: setKey(["logging", "security", "alertOnFailures"], "true") },
              ),
            ],
    },
    {
      id: "monitoring.scan_off",
      severity: "info",
      title: "No scan is made by itself",
      why: "What gets worse is found when somebody thinks of looking.",
      run: ({ configuration: { config } }) =>
        config.security.monitoring.scan.enabled
          ? []
          : [
              atKey([...BASE, "scan", "enabled"], "security.monitoring.scan.enabled is false.", "Switch it on.", {
                command: setKey([...BASE, "scan", "enabled"], "true"),
              }),
            ],
    },
    {
      id: "monitoring.scan_rare",
      severity: "info",
      title: "Scans are rare",
      why: "A certificate or a right can change the day after one.",
      run: ({ configuration: { config } }) => {
        const { enabled, interval } = config.security.monitoring.scan;
        return enabled && interval > RARE_MS
          ? [
              atKey(
                [...BASE, "scan", "interval"],
                `security.monitoring.scan.interval is ${Math.round(interval / DAY_MS)} days.`,
                "Make one every day.",
                { command: setKey([...BASE, "scan", "interval"], "1d") },
              ),
            ]
          : [];
      },
    },
    {
      id: "monitoring.key_rotation_off",
      severity: "warn",
      title: "Nobody is told that a key is old",
      why: "Keys of providers are in use for years, in more and more places.",
      run: ({ configuration: { config } }) =>
        config.security.keyRotation.enabled
          ? []
          : [
              atKey([...ROTATION, "enabled"], "security.keyRotation.enabled is false.", "Switch it on.", {
                command: setKey([...ROTATION, "enabled"], "true"),
              }),
            ],
    },
    {
      id: "monitoring.key_rotation_rare",
      severity: "info",
      title: "Keys are due after a very long time",
      why: "A stolen key stays useful until then.",
      run: ({ configuration: { config } }) =>
        config.security.keyRotation.enabled && config.security.keyRotation.interval > LONG_MS
          ? [
              atKey(
                [...ROTATION, "interval"],
                `security.keyRotation.interval is ${Math.round(config.security.keyRotation.interval / DAY_MS)} days.`,
                "Use 30d to 90d.",
                { command: setKey([...ROTATION, "interval"], "30d") },
              ),
            ]
          : [],
    },
  ],
);
