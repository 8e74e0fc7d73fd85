"""The tables of an embedded network's database, as `verify` expects to find them."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (
  number INTEGER PRIMARY KEY, hash TEXT NOT NULL, parent TEXT NOT NULL, made_at TEXT NOT NULL,
  extrinsics_hash TEXT NOT NULL, outcome_hash TEXT NOT NULL, state_root TEXT NOT NULL,
  signature TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS extrinsics (
  block INTEGER NOT NULL, position INTEGER NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL,
  error TEXT, PRIMARY KEY (block, position)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS extrinsics_by_hash ON extrinsics (hash);
CREATE INDEX IF NOT EXISTS extrinsics_by_signer
  ON extrinsics (json_extract(body, '$.signer'), block);
CREATE TABLE IF NOT EXISTS rewards (
  block INTEGER NOT NULL, netuid INTEGER NOT NULL, hotkey TEXT NOT NULL, role TEXT NOT NULL,
  rao INTEGER NOT NULL, PRIMARY KEY (block, netuid, hotkey, role)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rewards_by_hotkey ON rewards (hotkey, rao);
CREATE TABLE IF NOT EXISTS evictions (
  block INTEGER NOT NULL, position INTEGER NOT NULL, netuid INTEGER NOT NULL,
  uid INTEGER NOT NULL, hotkey TEXT NOT NULL, newcomer TEXT NOT NULL,
  standing_rao INTEGER NOT NULL, registered_block INTEGER NOT NULL,
  PRIMARY KEY (block, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
"""
