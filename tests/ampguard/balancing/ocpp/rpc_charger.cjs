// A charger by npm's ocpp-rpc, which checks every message both ways by its own schemas (strict mode).
// rpc_charger.cjs LIBRARY ENDPOINT IDENTITY [PASSWORD]: boots, charges for a while, tells what it was told as lines of JSON.
"use strict";
const [library, endpoint, identity, password] = process.argv.slice(2);
const { RPCClient } = require(library);

const charger = new RPCClient({
  endpoint, identity, password, protocols: ["ocpp1.6"], strictMode: true, reconnect: false, callTimeoutMs: 5000,
});
const tell = (what, more) => console.log(JSON.stringify({ what, ...more }));
const now = () => new Date().toISOString();
const keys = { GetConfigurationMaxKeys: "3", NumberOfConnectors: "1", ChargeProfileMaxStackLevel: "8", MeterValueSampleInterval: "30" };
let held = 32;
let transaction = null;

charger.handle("GetConfiguration", ({ params }) => ({
  configurationKey: params.key.filter((key) => key in keys).map((key) => ({ key, readonly: false, value: keys[key] })),
  unknownKey: params.key.filter((key) => !(key in keys)),
}));
charger.handle("ChangeConfiguration", ({ params }) => {
  if (!(params.key in keys)) return { status: "NotSupported" };
  keys[params.key] = params.value;
  return { status: "Accepted" };
});
charger.handle("TriggerMessage", () => ({ status: "Accepted" }));
charger.handle("SetChargingProfile", ({ params }) => {
  const profile = params.csChargingProfiles;
  if (profile.chargingProfilePurpose === "TxProfile") {
    if (profile.transactionId !== transaction) return { status: "Rejected" };
    held = profile.chargingSchedule.chargingSchedulePeriod[0].limit;
  }
  tell("limited", { purpose: profile.chargingProfilePurpose, limit: profile.chargingSchedule.chargingSchedulePeriod[0].limit });
  return { status: "Accepted" };
});
charger.handle("GetCompositeSchedule", ({ params }) => ({
  status: "Accepted", connectorId: params.connectorId, scheduleStart: now(),
  chargingSchedule: { chargingRateUnit: "A", chargingSchedulePeriod: [{ startPeriod: 0, limit: held }] },
}));
charger.on("strictValidationFailure", ({ error }) => tell("violation", { error: String(error) }));

const current = (phase) => ({ value: "15.5", measurand: "Current.Import", phase, unit: "A" });

(async () => {
  await charger.connect();
  tell("booted", await charger.call("BootNotification", { chargePointVendor: "npm", chargePointModel: "ocpp-rpc" }));
  tell("heartbeat", await charger.call("Heartbeat", {}));
  await charger.call("StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Preparing", timestamp: now() });
  tell("authorized", await charger.call("Authorize", { idTag: "TAG1" }));
  const begun = await charger.call("StartTransaction", { connectorId: 1, idTag: "TAG1", meterStart: 0, timestamp: now() });
  transaction = begun.transactionId;
  tell("begun", begun);
  await charger.call("StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Charging", timestamp: now() });
  await charger.call("MeterValues", {
    connectorId: 1, transactionId: transaction, meterValue: [{ timestamp: now(), sampledValue: ["L1", "L2", "L3"].map(current) }],
  });
  tell("measured", {});
  process.stdin.once("data", async () => {
    tell("ended", await charger.call("StopTransaction", { transactionId: transaction, meterStop: 500, timestamp: now(), reason: "Local" }));
    await charger.close();
    process.exit(0);
  });
})().catch((error) => { tell("failed", { error: String(error) }); process.exit(1); });
