//! Time: every boundary of a right, to the millisecond.

use mkt::core::clock::Timestamp;
use mkt::core::db::Db;
use mkt::core::licensing::{Claimant, Decision};
use serde_json::{Value, json};
use uuid::Uuid;

use super::core::{Core, at, granted, later};
use crate::support::{Database, on_both};

/// The state or reason of a right at an instant, asked for and looked at alike.
async fn word(core: &Core, now: Timestamp, claimant: Claimant, product: Uuid) -> &'static str {
    let decisions =
        [core.ask(now, claimant, product, 1).await, core.check(now, claimant, product, 1).await].map(|decision| {
            match decision {
                Decision::Granted(grant) => (grant.state.word(), grant.evaluated_at),
                Decision::Refused(refusal) => (refusal.reason.word(), refusal.evaluated_at),
                Decision::Failed(failed) => panic!("{failed:?}"),
            }
        });
    assert_eq!(decisions[0], decisions[1]);
    assert_eq!(decisions[0].1, now, "one instant for the whole decision");
    decisions[0].0
}

/// What holds before an instant, the instant, what holds from then on.
type Boundaries<'a> = &'a [(&'a str, &'a str, &'a str)];

/// Right before and at each boundary of a right: the word before, the boundary, the word from then on.
async fn crosses(core: &Core, terms: Value, valid_from: &str, boundaries: Boundaries<'_>) {
    let (claimant, product) = core.right(at("2020-01-01"), terms.clone(), at(valid_from)).await;
    for (before, boundary, after) in boundaries {
        let boundary = at(boundary);
        for (millis, expected) in [(-1, before), (0, after), (1, after)] {
            // Nothing is before the first year or after the last.
            let Some(now) = Timestamp::from_unix_millis(boundary.unix_millis() + millis) else { continue };
            let found = word(core, now, claimant, product).await;
            assert_eq!(found, *expected, "{terms} from {valid_from} at {now}");
        }
    }
}

const LAST: &str = "9999-12-31T23:59:59.999Z";

on_both! {
    async fn rights_begin_and_end_at_their_milliseconds(database: Database) {
        let core = Core::open(&database).await;
        let (early, active, grace, over) = ("not_yet_valid", "active", "grace", "expired");
        let relative = |days: i64, grace: i64| json!({ "expiry": "relative_date", "days_valid": days, "grace_days": grace });
        let absolute = |end: &str, grace: i64| json!({ "expiry": "absolute_date", "expires_at": end, "grace_days": grace });
        let cases: &[(Value, &str, Boundaries<'_>)] = &[
            (json!({}), "2024-03-01T12:00:00.500Z", &[(early, "2024-03-01T12:00:00.500Z", active), (active, LAST, active)]),
            (json!({ "grace_days": 3 }), "2024-03-01T12:00:00.001+05:45", &[(early, "2024-03-01T06:15:00.001Z", active)]),
            // Over a leap day, a year without one, a century without one.
            (relative(2, 0), "2024-02-28T10:00:00.123Z", &[(active, "2024-03-01T10:00:00.123Z", over)]),
            (relative(2, 0), "2023-02-28T10:00:00.123Z", &[(active, "2023-03-02T10:00:00.123Z", over)]),
            (relative(1, 0), "2100-02-28T23:59:59.999Z", &[(active, "2100-03-01T23:59:59.999Z", over)]),
            (relative(366, 0), "2024-02-29", &[(active, "2025-03-01", over)]),
            // A day has 24 hours, also where clocks change that night.
            (relative(1, 0), "2024-03-30T12:00:00+01:00", &[(early, "2024-03-30T11:00:00Z", active), (active, "2024-03-31T11:00:00Z", over)]),
            (relative(1, 0), "2024-10-26T12:00:00+02:00", &[(active, "2024-10-27T10:00:00Z", over)]),
            (absolute("2024-03-31T03:30:00+02:00", 0), "2024-01-01", &[(active, "2024-03-31T01:30:00Z", over)]),
            (absolute("2024-06-30T23:59:59.999-11:00", 0), "2024-01-01", &[(active, "2024-07-01T10:59:59.999Z", over)]),
            // Grace, from the end on.
            (relative(1, 1), "2024-02-28", &[(early, "2024-02-28", active), (active, "2024-02-29", grace), (grace, "2024-03-01", over)]),
            (relative(10, 7), "2024-02-28T00:00:00.001Z", &[(active, "2024-03-09T00:00:00.001Z", grace), (grace, "2024-03-16T00:00:00.001Z", over)]),
            (absolute("2024-02-28T12:00:00.250Z", 2), "2024-01-01", &[(active, "2024-02-28T12:00:00.250Z", grace), (grace, "2024-03-01T12:00:00.250Z", over)]),
            // No day at all, and nothing but grace.
            (relative(0, 0), "2024-02-28", &[(early, "2024-02-28", over)]),
            (relative(0, 1), "2024-02-28", &[(early, "2024-02-28", grace), (grace, "2024-02-29", over)]),
            // Over before it begins: nothing is to come.
            (absolute("2024-02-28", 0), "2024-03-01", &[(early, "2024-02-28", over), (over, "2024-03-01", over)]),
            (absolute("2024-02-28", 9), "2024-03-01", &[(early, "2024-02-28", early), (early, "2024-03-01", grace), (grace, "2024-03-08", over)]),
            // The ends of the calendar.
            (json!({}), LAST, &[(early, LAST, active)]),
            (json!({}), "0001-01-01", &[(active, "0001-01-01", active), (active, "2024-01-01", active)]),
            (relative(1, 1), "0001-01-01", &[(active, "0001-01-02", grace), (grace, "0001-01-03", over)]),
            (relative(1, 0), "1969-12-31T00:00:00.007Z", &[(early, "1969-12-31T00:00:00.007Z", active), (active, "1970-01-01T00:00:00.007Z", over)]),
            (absolute(LAST, 0), "2024-01-01", &[(active, LAST, over)]),
            (absolute(LAST, i64::from(i32::MAX)), "2024-01-01", &[(active, LAST, grace)]),
            (relative(i64::from(i32::MAX), i64::from(i32::MAX)), "2024-01-01", &[(early, "2024-01-01", active), (active, LAST, active)]),
            (relative(0, i64::from(i32::MAX)), "2024-01-01", &[(early, "2024-01-01", grace), (grace, LAST, grace)]),
        ];
        for (terms, valid_from, boundaries) in cases {
            crosses(&core, terms.clone(), valid_from, boundaries).await;
        }
    }

    async fn answers_tell_the_instants(database: Database) {
        let core = Core::open(&database).await;
        let now = at("2024-02-29T12:00:00.042Z");
        let most = i64::from(i32::MAX);
        for (terms, until, granted_until) in [
            (json!({}), None, None),
            (json!({ "expiry": "relative_date", "days_valid": 1, "grace_days": 2 }), Some("2024-03-01T12:00:00.042Z"), Some("2024-03-03T12:00:00.042Z")),
            (json!({ "expiry": "absolute_date", "expires_at": LAST, "grace_days": 1 }), Some(LAST), None),
            (json!({ "expiry": "relative_date", "days_valid": 1, "grace_days": most }), Some("2024-03-01T12:00:00.042Z"), None),
            (json!({ "expiry": "relative_date", "days_valid": most, "grace_days": most }), None, None),
        ] {
            let (claimant, product) = core.right(now, terms.clone(), now).await;
            let decision = core.ask(now, claimant, product, 1).await;
            let grant = granted(&decision);
            assert_eq!((grant.valid_until, grant.granted_until), (until.map(at), granted_until.map(at)), "{terms}");
        }
    }

    async fn no_instant_out_of_the_calendar_is_taken(database: Database) {
        let core = Core::open(&database).await;
        let now = at("2024-01-01");
        let (user, product) = (core.user(now).await, core.product(now).await);
        let license = core.license(now, json!({})).await;
        let offer = core.offer(now, product, license).await;
        for (text, kept) in [
            ("0001-01-01T00:00:00Z", true),
            (LAST, true),
            ("9999-12-31T23:59:59.9999Z", true),
            ("9999-12-31T23:59:60Z", false),
            ("9999-12-31T23:59:59-01:00", false),
            ("+10000-01-01T00:00:00Z", false),
            ("0000-12-31T23:59:59Z", false),
            ("0001-01-01T00:00:00+00:01", false),
            ("-0001-01-01T00:00:00Z", false),
        ] {
            use mkt::core::model::{Entitlement, License};
            let body = json!({ "user_id": user, "product_license_id": offer, "valid_from": text });
            let entitlement = core.try_make::<Entitlement>(now, &[], body).await;
            assert_eq!(entitlement.is_ok(), kept, "{text}: {entitlement:?}");
            let name = format!("Until {text}");
            let body = json!({ "name": name, "url": format!("https://l.example/{}", Uuid::new_v4()), "expires_at": text });
            let license = core.try_make::<License>(now, &[], body).await;
            assert_eq!(license.as_ref().map_err(|error| error.fields().keys().next().cloned()).is_ok(), kept, "{text}");
            if !kept {
                assert!(license.unwrap_err().fields().contains_key("expires_at"), "{text}");
            }
        }
    }
}

/// The session's time zone does not matter, not even where clocks change.
#[tokio::test]
async fn postgres_may_be_anywhere() {
    const DAY: i64 = 86_400_000;
    let core = Core::open(&Database::postgres()).await;
    let terms = json!({ "expiry": "relative_date", "days_valid": 1, "grace_days": 1 });
    for from in ["2024-03-30T12:00:00.001Z", "2024-03-31T00:59:59.999Z", "2024-10-26T12:00:00Z", "2024-10-27T01:00:00Z"]
    {
        let (claimant, product) = core.right(at("2024-01-01"), terms.clone(), at(from)).await;
        let tx = core.db.begin().await.unwrap();
        tx.execute(mkt::sql!("set local timezone to 'Europe/Berlin'")).await.unwrap();
        let there = Core { db: Db::clone(&tx), ..core.clone() };
        for (millis, expected) in [
            (-1, "not_yet_valid"),
            (0, "active"),
            (DAY - 1, "active"),
            (DAY, "grace"),
            (2 * DAY - 1, "grace"),
            (2 * DAY, "expired"),
        ] {
            let now = later(at(from), millis);
            assert_eq!(word(&there, now, claimant, product).await, expected, "{from} {now}");
        }
    }
}
