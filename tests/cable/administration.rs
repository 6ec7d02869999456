//! What those hear who administer: each kind of thing by whoever may read all of it, and by nobody else.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::licensing::market::Market;
use crate::support::cable::{Cable, channel};
use crate::support::{ADMIN_TOKEN, Database, on_both};

/// What an event tells of.
fn kind(event: &Value) -> [&str; 2] {
    [&event["resource_type"], &event["event_type"]].map(|word| word.as_str().unwrap())
}

on_both! {
    async fn changes_of_what_is_administered_are_told(database: Database) {
        let market = Market::open(&database).await;
        let (reader, other, member) = (market.user("Reader").await, market.user("Other").await, market.user("Member").await);
        market.appoint(&reader, json!({ "users": { "read": true }, "vouchers": { "read": true } })).await;
        let narrow = market.token(&reader, json!(["users.read"])).await;
        let product = market.product("Sold").await;
        let mut cables = Vec::new();
        for token in [ADMIN_TOKEN, &*reader.token, &*narrow.token, &*other.token] {
            let mut cable = Cable::open(&market.server, token).await;
            cable.subscribe(&channel("AdministrationChannel")).await;
            cables.push(cable);
        }
        // What was done before is told by then.
        market.id("/interfaces", json!({ "name": "The start", "version": "1", "uri": "https://hl7.org/start" })).await;
        for cable in &mut cables {
            cable.event_of("interface", "created").await;
        }

        let user = market.id("/users", json!({ "name": "New" })).await;
        let group = market.id("/groups", json!({ "name": "Ward 3" })).await;
        let of_group = market.id(&format!("/groups/{group}/members"), json!({ "user_id": member.id })).await;
        let role = market.id("/roles", json!({ "name": Uuid::new_v4(), "permissions": { "users": { "read": true } } })).await;
        let appointment = json!({ "entity_type": "Group", "entity_id": group });
        let appointment = market.id(&format!("/roles/{role}/appointments"), appointment).await;
        let provider = json!({
            "name": "Hospital", "issuer": "https://sso.example.org", "client_id": "mkt", "client_secret": "secret",
        });
        let provider = market.id("/identity_providers", provider).await;
        let badge = market.id("/badges", json!({ "name": "Trusted", "description": "By all." })).await;
        let interface = market.id("/interfaces", json!({ "name": "FHIR", "version": "4.0.1", "uri": "https://hl7.org/fhir" })).await;
        let offer = market.offer(&product, json!({})).await;
        let entitlement = market.entitlement(&member, &offer, "2026-01-31").await;
        let claim = market.claim(&entitlement, "User", &member.id).await;
        let voucher = market.id("/vouchers", json!({ "product_license_id": offer, "issued_at": "2026-01-31" })).await;
        let platform = market.id(&format!("/users/{}/platforms", member.id), json!({ "name": "Basement" })).await;
        for (path, changed) in [
            (format!("/badges/{badge}"), json!({ "name": "Known" })),
            (format!("/users/{user}"), json!({ "name": "Renamed" })),
        ] {
            assert_eq!(market.server.send(Method::PATCH, &path, changed).await.0, 200, "{path}");
        }
        assert_eq!(market.server.send(Method::DELETE, &format!("/users/{user}"), Value::Null).await.0, 200);
        // Whoever has heard of this has heard of all before it.
        let last = market.id("/interfaces", json!({ "name": "The end", "version": "1", "uri": "https://hl7.org/end" })).await;

        let expected: [([&str; 2], Option<&String>); 18] = [
            (["user", "created"], Some(&user)),
            (["group", "created"], Some(&group)),
            (["member", "created"], Some(&of_group)),
            (["role", "created"], Some(&role)),
            (["appointment", "created"], Some(&appointment)),
            (["identity_provider", "created"], Some(&provider)),
            (["badge", "created"], Some(&badge)),
            (["interface", "created"], Some(&interface)),
            (["license", "created"], None),
            (["entitlement", "created"], Some(&entitlement)),
            (["claim", "created"], Some(&claim)),
            (["voucher", "created"], Some(&voucher)),
            (["platform", "created"], Some(&platform)),
            (["badge", "updated"], Some(&badge)),
            (["user", "updated"], Some(&user)),
            (["user", "deleted"], Some(&user)),
            (["interface", "created"], Some(&last)),
            // Of each change, and of the offer, which is part of a product.
            (["audit_event", "created"], None),
        ];
        let public = ["badge", "interface", "license"];
        let kinds = [None, Some(["user", "voucher"].as_slice()), Some(["user"].as_slice()), Some([].as_slice())];
        for (cable, kinds) in cables.iter_mut().zip(kinds) {
            let hears = |resource: &str| kinds.is_none_or(|kinds| kinds.contains(&resource)) || public.contains(&resource);
            let (mut told, mut entries) = (Vec::new(), 0);
            loop {
                let event = cable.event().await["message"].take();
                let [resource, what] = kind(&event).map(str::to_owned);
                let id = event["model"][&resource]["id"].as_str().unwrap_or_else(|| panic!("{event}")).to_owned();
                if resource == "audit_event" {
                    entries += 1;
                    continue;
                }
                told.push((resource, what, id.clone()));
                if id == last {
                    break;
                }
            }
            let expected: Vec<_> = expected.iter().filter(|([resource, _], _)| *resource != "audit_event" && hears(resource)).collect();
            assert_eq!(told.len(), expected.len(), "{told:?}");
            for ((resource, what, id), (kind, expected)) in told.iter().zip(expected) {
                assert!([resource, what] == *kind && expected.is_none_or(|expected| expected == id), "{resource} {what} {id}");
            }
            // From that of the start, which is behind it in the same transaction, to that before the last.
            assert_eq!(entries, if hears("audit_event") { 18 } else { 0 });
        }

        // For those who poll, the same.
        for (user, hears) in [(&reader, true), (&other, false)] {
            let (status, page) = market.ask(user, Method::GET, "/events?stream=administration&limit=1000").await;
            let of_users = page["results"].as_array().unwrap().iter().any(|event| kind(event)[0] == "user");
            assert_eq!((status, of_users), (200, hears), "{page}");
        }
        assert_eq!(market.server.get_anonymously("/events?stream=administration").await.0, 401);
    }

    async fn a_package_is_one_entry_for_those_who_keep_the_log(database: Database) {
        let market = Market::open(&database).await;
        let mut admin = Cable::open(&market.server, ADMIN_TOKEN).await;
        admin.subscribe(&channel("AdministrationChannel")).await;
        let manifest = crate::support::Manifest::new("Whole", "1.0.0");
        assert_eq!(market.server.send(Method::POST, "/packages", manifest.0.clone()).await.0, 200);
        let event = admin.event_of("audit_event", "created").await;
        let message = event["message"].as_str().unwrap();
        assert!(message.ends_with(" entries were added to the audit log."), "{message}");
        let entry = event["model"]["audit_event"]["id"].as_str().unwrap();
        let entry = market.server.get(&format!("/audit_events/{entry}")).await;
        assert_eq!(entry["action"], "update", "{entry}");
        // What is published as it was leaves nothing to tell of.
        assert_eq!(market.server.send(Method::POST, "/packages", manifest.0.clone()).await.0, 200);
        market.id("/badges", json!({ "name": "After", "description": "It all." })).await;
        assert_eq!(kind(&admin.event().await["message"]), ["badge", "created"]);
    }
}
