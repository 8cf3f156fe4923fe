-- Times are nanoseconds since 1970 (UTC).

CREATE TABLE meter (
    key          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    topic        TEXT,
    serial       TEXT,
    status       BLOB,     -- the module's last message about its state
    battery      BLOB,     -- and about its battery
    forwarded_at INTEGER,  -- when InfluxDB last took something of it
    heard_at     INTEGER,  -- when its module was last heard, to the minute
    patience     INTEGER   -- how long that may be silent, in seconds
) STRICT;

-- What Home Assistant was told of a meter, by name, for when it is to be told again.
CREATE TABLE seen (
    meter    INTEGER NOT NULL REFERENCES meter,
    position INTEGER NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (meter, position)
) STRICT, WITHOUT ROWID;

-- Since when a register counts anew, or all of them: on the meter of that serial number.
CREATE TABLE era (
    meter  INTEGER NOT NULL REFERENCES meter,
    code   BLOB,   -- the OBIS code's six groups
    serial TEXT,
    since  INTEGER NOT NULL,
    CHECK ((code IS NULL) <> (serial IS NULL))
) STRICT;

CREATE INDEX era_by_meter ON era (meter);

-- What was accepted. Rows are added and, much later, pruned; they never change, save that a user may
-- put another value in a register's place.
CREATE TABLE record (
    sequence INTEGER PRIMARY KEY,
    meter    INTEGER NOT NULL REFERENCES meter,
    kind     INTEGER NOT NULL CHECK (kind IN (0, 1)),   -- a reading, a state
    time     INTEGER NOT NULL,
    content  BLOB NOT NULL,  -- of a reading, see codec.rs; of a state, the message
    serial   TEXT,           -- the meter's, if the message told it and the content does not
    checksum INTEGER NOT NULL   -- of all of it, see checksum.rs
) STRICT;

CREATE INDEX record_by_time ON record (meter, kind, time);

-- What was forwarded: all up to the cursor, save what is to be forwarded again.
CREATE TABLE outbox (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    cursor  INTEGER NOT NULL,
    counted INTEGER NOT NULL DEFAULT 0   -- up to which record it is in the statistics
) STRICT;

INSERT INTO outbox (id, cursor) VALUES (1, 0);

CREATE TABLE again (
    sequence INTEGER PRIMARY KEY REFERENCES record
) STRICT;

-- What Home Assistant's statistics hold: the last reading of a register in each hour.
CREATE TABLE statistic (
    meter INTEGER NOT NULL REFERENCES meter,
    code  BLOB NOT NULL,      -- the OBIS code's six groups
    hour  INTEGER NOT NULL,   -- when it begins
    time  INTEGER NOT NULL,
    value REAL NOT NULL,
    sum   REAL NOT NULL,      -- what was counted since the first hour
    PRIMARY KEY (meter, code, hour)
) STRICT, WITHOUT ROWID;

-- What brokers were asked for, and for which meter; the newest has the highest number. A broker goes
-- on with it, for a client that has the same name, until it is told otherwise.
CREATE TABLE subscription (
    id            INTEGER PRIMARY KEY,
    broker        TEXT NOT NULL,
    client        TEXT NOT NULL,
    meter         TEXT NOT NULL,   -- its id, unless a `+` in the topics stands for it
    data_topic    TEXT NOT NULL,
    status_topic  TEXT NOT NULL,
    battery_topic TEXT,
    timezone      TEXT NOT NULL,
    max_power_kw  REAL NOT NULL,
    state         INTEGER NOT NULL CHECK (state IN (0, 1, 2))   -- wanted, former, unsubscribed
) STRICT;

-- Below which topics a broker keeps what Home Assistant was told.
CREATE TABLE announcement (
    broker           TEXT NOT NULL,
    discovery_prefix TEXT NOT NULL,
    topic_prefix     TEXT NOT NULL,
    PRIMARY KEY (broker, discovery_prefix, topic_prefix)
) STRICT, WITHOUT ROWID;

-- What was not believed, not understood, or refused by InfluxDB.
CREATE TABLE set_aside (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,   -- users hold on to it, so it is not given twice
    at        INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    times     INTEGER NOT NULL DEFAULT 1,
    meter     INTEGER REFERENCES meter,
    topic     TEXT NOT NULL,
    code      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    kind      INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),   -- a message, a reading, a line
    content   BLOB NOT NULL,
    time      INTEGER,                      -- of a reading
    serial    TEXT,                         -- of a reading
    sequence  INTEGER REFERENCES record,    -- of a line
    digest    INTEGER NOT NULL,             -- of topic, kind and content
    release   INTEGER NOT NULL DEFAULT 0,   -- whether a user asked for it
    obstacle  TEXT,                         -- why that could not be done
    discarded INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX set_aside_by_digest ON set_aside (digest);
CREATE INDEX set_aside_by_meter ON set_aside (meter, kind) WHERE discarded = 0;
CREATE INDEX set_aside_by_sequence ON set_aside (sequence) WHERE sequence IS NOT NULL;
CREATE INDEX set_aside_to_release ON set_aside (id) WHERE release = 1;
CREATE INDEX set_aside_discarded ON set_aside (last_at) WHERE discarded = 1;
CREATE INDEX set_aside_discarded_readings ON set_aside (meter, time)
    WHERE discarded = 1 AND kind = 1;
