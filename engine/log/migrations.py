"""The log file's numbered migrations. Never edit one that was released: add the next."""

from sqlite_utils import Database, Migrations

migrations = Migrations("decisioning-log")


@migrations(name="0001_events")
def events(db: Database) -> None:
    """Create the append-only table of events.

    `key` is the keyed hash of the caller's id for the fact (16 bytes) and makes it unique; `decision_seq` points from
    a reward to its decision, an integer join instead of a second text index.
    """
    db.execute(
        """
        CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            time_us INTEGER NOT NULL,
            kind TEXT NOT NULL,
            key BLOB UNIQUE,
            decision_seq INTEGER REFERENCES events (seq),
            body TEXT NOT NULL
        )
        """
    )
    db.execute("CREATE INDEX events_decision_seq ON events (decision_seq) WHERE decision_seq IS NOT NULL")
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"""
            CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events
            BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END
            """
        )


@migrations(name="0002_snapshots")
def snapshots(db: Database) -> None:
    """Create the tables of snapshots: the folds (which hold each model's SHA-256) and the models at one sequence
    number.
    """
    db.execute(
        """
        CREATE TABLE snapshots (
            seq INTEGER PRIMARY KEY,
            time_us INTEGER NOT NULL,
            folds BLOB NOT NULL,
            sha256 BLOB NOT NULL
        )
        """
    )
    db.execute(
        """
        CREATE TABLE snapshot_models (
            seq INTEGER NOT NULL REFERENCES snapshots (seq) ON DELETE CASCADE,
            name TEXT NOT NULL,
            model BLOB NOT NULL,
            PRIMARY KEY (seq, name)
        )
        """
    )


@migrations(name="0003_identity")
def identity(db: Database) -> None:
    """Create the table that remembers which secret key the log was begun with."""
    db.execute("CREATE TABLE identity (key_fingerprint BLOB NOT NULL)")


@migrations(name="0004_research_views")
def research_views(db: Database) -> None:
    """Create the views a researcher reads: decisions, rewards, and decisions joined with their reward."""
    db.create_view(
        "decisions",
        """
        SELECT seq,
               json_extract(body, '$.decision_id') AS decision_id,
               strftime('%Y-%m-%dT%H:%M:%fZ', time_us / 1e6, 'unixepoch') AS decide_time,
               json_extract(body, '$.campaign') AS campaign,
               json_extract(body, '$.campaign_version') AS campaign_version,
               json_extract(body, '$.customer') AS customer,
               json_extract(body, '$.channel') AS channel,
               coalesce(json_extract(body, '$.content_id'), '') AS content_id,
               coalesce(json_extract(body, '$.send_slot'), '') AS send_slot,
               strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(body, '$.send_time_us') / 1e6, 'unixepoch') AS send_time,
               json_extract(body, '$.propensity') AS propensity,
               json_extract(body, '$.reason') AS reason,
               coalesce(json_extract(body, '$.control'), 0) AS control,
               json_extract(body, '$.context') AS context,
               json_extract(body, '$.stages[0].probabilities') AS channel_probabilities,
               json_extract(body, '$.stages[1].probabilities') AS content_probabilities,
               json_extract(body, '$.stages[2].probabilities') AS send_slot_probabilities
        FROM events WHERE kind = 'decision_taken'
        """,
    )
    db.create_view(
        "rewards",
        """
        SELECT seq,
               decision_seq,
               json_extract(body, '$.reward_id') AS reward_id,
               json_extract(body, '$.decision_id') AS decision_id,
               strftime('%Y-%m-%dT%H:%M:%fZ', time_us / 1e6, 'unixepoch') AS receive_time,
               strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(body, '$.occur_time_us') / 1e6, 'unixepoch') AS occur_time,
               json_extract(body, '$.campaign') AS campaign,
               coalesce(json_extract(body, '$.outcome'), '') AS outcome,
               json_extract(body, '$.value') AS value
        FROM events WHERE kind = 'reward_received'
        """,
    )
    db.create_view(
        "logged_events",
        """
        SELECT decisions.*,
               (SELECT count(*) FROM events AS reward WHERE reward.decision_seq = decisions.seq) AS reward_count,
               (SELECT sum(json_extract(reward.body, '$.value')) FROM events AS reward
                WHERE reward.decision_seq = decisions.seq) AS reward
        FROM decisions
        """,
    )


@migrations(name="0005_reward_windows")
def reward_windows(db: Database) -> None:
    """Let the views tell when a decision's window closes, whether it was carried out, and what it finally earned.

    `reward` is NULL while nothing is known of a decision: its window is open and no outcome has come, or it was never
    reported as carried out though it has to be.
    """
    db.execute("DROP VIEW logged_events")
    db.execute("DROP VIEW rewards")
    db.create_view(
        "rewards",
        """
        SELECT seq,
               decision_seq,
               json_extract(body, '$.reward_id') AS reward_id,
               json_extract(body, '$.decision_id') AS decision_id,
               strftime('%Y-%m-%dT%H:%M:%fZ', time_us / 1e6, 'unixepoch') AS receive_time,
               strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(body, '$.occur_time_us') / 1e6, 'unixepoch') AS occur_time,
               json_extract(body, '$.campaign') AS campaign,
               coalesce(json_extract(body, '$.outcome'), '') AS outcome,
               json_extract(body, '$.amount') AS amount,
               json_extract(body, '$.value') AS value,
               coalesce(json_extract(body, '$.late'), 0) AS late,
               json_extract(body, '$.final_value') AS final_value
        FROM events WHERE kind = 'reward_received'
        """,
    )
    db.create_view(
        "windows",
        """
        SELECT decision.seq AS decision_seq,
               activation.seq IS NOT NULL OR NOT coalesce(json_extract(decision.body, '$.activation_required'), 0)
                   AS activated,
               json_extract(decision.body, '$.close_time_us')
                   + coalesce(json_extract(activation.body, '$.activate_time_us')
                              - coalesce(json_extract(decision.body, '$.send_time_us'), decision.time_us), 0)
                   AS close_time_us,
               json_extract(decision.body, '$.default_reward') AS default_reward
        FROM events AS decision
        LEFT JOIN events AS activation
               ON activation.decision_seq = decision.seq AND activation.kind = 'decision_activated'
              AND json_extract(decision.body, '$.activation_required')
        WHERE decision.kind = 'decision_taken'
        """,
    )
    db.create_view(
        "logged_events",
        """
        SELECT decisions.*,
               windows.activated,
               strftime('%Y-%m-%dT%H:%M:%fZ', windows.close_time_us / 1e6, 'unixepoch') AS close_time,
               (SELECT count(*) FROM rewards WHERE rewards.decision_seq = decisions.seq) AS reward_count,
               CASE WHEN NOT windows.activated THEN NULL
                    WHEN windows.close_time_us IS NULL
                    THEN (SELECT sum(value) FROM rewards WHERE rewards.decision_seq = decisions.seq)
                    ELSE coalesce(
                        (SELECT final_value FROM rewards WHERE rewards.decision_seq = decisions.seq
                         ORDER BY seq DESC LIMIT 1),
                        CASE WHEN windows.close_time_us <= (SELECT time_us FROM events ORDER BY seq DESC LIMIT 1)
                             THEN windows.default_reward END)
               END AS reward
        FROM decisions JOIN windows ON windows.decision_seq = decisions.seq
        """,
    )


@migrations(name="0006_customers")
def customers(db: Database) -> None:
    """Create the tables of customers, a fold that is kept beside the log and has reached `customers_fold.seq` of it."""
    db.execute("CREATE TABLE customers (row INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    db.execute("CREATE TABLE identities (identity BLOB PRIMARY KEY, customer_row INTEGER NOT NULL) WITHOUT ROWID")
    db.execute("CREATE TABLE customers_fold (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL)")


@migrations(name="0007_quarantine")
def quarantine(db: Database) -> None:
    """Create the view of facts that were put aside, and the indexes by which they and their re-admissions are found."""
    db.execute(
        "CREATE INDEX events_quarantined ON events (json_extract(body, '$.reason'), seq)"
        " WHERE kind = 'fact_quarantined'"
    )
    db.execute("CREATE INDEX events_quarantined_seq ON events (seq) WHERE kind = 'fact_quarantined'")
    db.execute(
        "CREATE INDEX events_readmitted ON events (json_extract(body, '$.quarantined_seq'))"
        " WHERE kind = 'fact_readmitted'"
    )
    db.create_view(
        "quarantine",
        """
        SELECT seq,
               strftime('%Y-%m-%dT%H:%M:%fZ', time_us / 1e6, 'unixepoch') AS receive_time,
               json_extract(body, '$.fact.kind') AS kind,
               json_extract(body, '$.reason') AS reason,
               json_extract(body, '$.detail') AS detail,
               json_extract(body, '$.identity') AS identity,
               strftime('%Y-%m-%dT%H:%M:%fZ', json_extract(body, '$.fact.occur_time_us') / 1e6, 'unixepoch')
                   AS occur_time,
               EXISTS (SELECT 1 FROM events AS readmitted
                       WHERE readmitted.kind = 'fact_readmitted'
                         AND json_extract(readmitted.body, '$.quarantined_seq') = events.seq) AS readmitted
        FROM events WHERE kind = 'fact_quarantined'
        """,
    )


@migrations(name="0008_customer_events")
def customer_events(db: Database) -> None:
    """Let a customer's events be found and erased.

    `customer_events` is part of the customers' fold, which is folded anew. The views count tombstones with what they
    stand for; `scrub_due` has a row while the file may hold bytes of what was erased.
    """
    db.execute("CREATE TABLE customer_events (identity BLOB, seq INTEGER, PRIMARY KEY (identity, seq)) WITHOUT ROWID")
    db.execute("CREATE TABLE scrub_due (since_us INTEGER NOT NULL)")
    db.execute("DELETE FROM customers")
    db.execute("DELETE FROM identities")
    db.execute("DELETE FROM customers_fold")
    views = [(name, sql) for name in _COUNTED for (sql,) in db.execute(_VIEW, (name,))]
    for name, _ in reversed(views):
        db.execute(f"DROP VIEW {name}")
    for _, sql in views:
        db.execute(
            sql.replace("kind = 'decision_taken'", "kind IN ('decision_taken', 'decision_erased')").replace(
                "kind = 'reward_received'", "kind IN ('reward_received', 'reward_erased')"
            )
        )


_COUNTED = ("decisions", "rewards", "windows", "logged_events")
_VIEW = "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?"


@migrations(name="0009_deeds")
def deeds(db: Database) -> None:
    """Let customers be folded anew: their last deeds are kept one by one, and hours are those of a week."""
    db.execute("DELETE FROM customers")
    db.execute("DELETE FROM identities")
    db.execute("DELETE FROM customer_events")
    db.execute("DELETE FROM customers_fold")
