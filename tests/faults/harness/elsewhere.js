/** Faults of the list that are shown by other tests: [faults, where]. */
export const ELSEWHERE = [
  ['F08 hung event loop', '`Watchdog.IsFedUntilAShardHangs`, `Notify.FeedsTheWatchdogUntilItIsStopped`'],
  ['F09 out of memory', '`MemoryShort.RefusesThoseWhoComeAndKeepsThoseWhoAreThere`'],
  ['F23-F28 framing, UTF-8, close codes', '`Framing.*`, `Fragmentation.*`, `Pings.*`, `Closing.*`, the UTF-8 cases beside them (tests/system/conformance_*)'],
  ['F29 F30 hostile JSON', '`JsonBombs.*`, tests/fuzz'],
  ['F37 glare in renegotiation', '`tests/web` "glare: whoever offers or restarts whenever, both end up in agreement"'],
  ['F42 F43 keys of issuers', '`Reload.TakesOriginsLimitsIssuersAndLevel`, `Reload.RefusesABadConfigurationAsAWhole`'],
  ['F44 F45 certificates', '`Reload.TakesANewCertificateByItself`, `Reload.KeepsTheCertificateWhenTheNewOneIsBad`, `Configuration.WithoutItsCertificateIsRefusedInOneLine`'],
  ['F50 F53 failing sync, power loss', '`IoFault.*`, `LastingFault.*`'],
  ['F52 damaged database', '`Damage.*`'],
  ['F56 interrupted upgrade', '`Upgrade.*`, `Migrator.*`'],
  ['F67 no file descriptors left', '`Descriptors.RunOutWithoutABusyLoopAndComeBack`'],
  ['F72 bad configuration', '`Configuration.*`, `Config.*`'],
  ['F73 signals, closed streams', '`Robustness.OutlivesClosedStreamsAndSignals`'],
];

/** Faults of the list that nothing shows yet: [faults, why]. */
export const NOT_YET = [
  ['F13 F14 packet loss, narrow band', 'below TCP; wants a network of its own'],
  ['F38 F39 hidden tab, sleeping laptop', 'wants browsers'],
  ['F41 revoked token', 'tokens cannot be revoked yet'],
  ['F57-F66 Redis, PostgreSQL, several nodes', 'one node with SQLite so far'],
  ['F68 F69 ports, threads, allocation', 'no case yet'],
  ['F70 name resolution fails', 'nothing is looked up by name yet'],
  ['F71 TURN down', 'wants browsers and a relay'],
  ['F75 a day of random faults', 'no case yet'],
];
