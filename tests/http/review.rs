//! The review of builds: submitted, validated, rejected, published, withdrawn; who may, who hears of it, and what is required.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{column, first as first_id, text};
use crate::support::{Database, Manifest, Person, Server, on_both};

/// The kinds of events about builds that somebody hears of on a stream.
async fn heard(person: &Person, server: &Server, stream: &str) -> Vec<String> {
    let told = person.get(server, &format!("/events?stream={stream}")).await;
    let about_builds = told["results"].as_array().unwrap().iter().filter(|event| event["resource_type"] == "build");
    about_builds.map(|event| text(event, "event_type")).collect()
}

/// Those who take part.
struct Cast {
    vendor: Person,
    validator: Person,
    publisher: Person,
    stranger: Person,
}

impl Cast {
    async fn new(server: &Server) -> Self {
        Self {
            vendor: Person::new(server, "vendor", &["products.create"]).await,
            validator: Person::new(server, "validator", &["builds.validate"]).await,
            publisher: Person::new(server, "publisher", &["builds.publish", "products.publish"]).await,
            stranger: Person::new(server, "stranger", &["products.read"]).await,
        }
    }
}

/// The path of a manifest's build.
fn path(manifest: &Manifest) -> String {
    format!("/products/{}/builds/{}", manifest.product(), manifest.build())
}

/// The history of a build: each verdict with whose it is and why.
async fn history(server: &Server, build: &str) -> Vec<Value> {
    let page = server.get(&format!("{build}/reviews")).await;
    let entries = page["results"].as_array().unwrap_or_else(|| panic!("{page}")).iter();
    entries.map(|entry| json!([entry["verdict"], entry["user_id"], entry["remark"]])).collect()
}

on_both! {
    async fn a_package_is_submitted_rejected_submitted_again_and_published(database: Database) {
        let server = Server::start(&database).await;
        let Cast { vendor, validator, publisher, stranger } = Cast::new(&server).await;
        let manifest = Manifest::new("Reviewed", "1.0.0");
        let (build, why) = (path(&manifest), json!({ "reason": "It phones home.\nTwice." }));
        let on = |verb: &str| format!("{build}/{verb}");

        let outcome = vendor.post(&server, "/packages", manifest.0.clone()).await;
        assert_eq!(json!([outcome["submitted"], outcome["published"], outcome["unchanged"]]), json!([true, false, false]));
        assert_eq!(outcome["steps"].as_array().unwrap().last().unwrap()["action"], "submit");
        let again = vendor.post(&server, "/packages", manifest.0.clone()).await;
        assert_eq!(json!([again["submitted"], again["unchanged"]]), json!([true, true]));

        // Each sees what they may decide on, or what is their own, with no more of it than they may read.
        for (person, name) in [(&validator, json!(null)), (&publisher, json!("Reviewed")), (&vendor, json!("Reviewed"))] {
            let waiting = person.get(&server, "/reviews?waiting=true").await;
            assert_eq!(waiting["total_entries"], 1, "{waiting}");
            let entry = &waiting["results"][0];
            assert_eq!(json!([entry["user_id"], entry["verdict"]]), json!([vendor.id, "submitted"]));
            assert_eq!(json!([entry["build"]["version"], entry["build"]["product_name"]]), json!(["1.0.0", name]));
            assert_eq!(person.get(&server, &text(entry, "path")).await["id"], entry["id"]);
        }
        assert_eq!(stranger.get(&server, "/reviews").await["total_entries"], 0);
        assert_eq!(server.get_anonymously("/reviews").await.1["total_entries"], 0);
        for (person, verb, status) in [
            (&vendor, "validate", 403), (&vendor, "reject", 403), (&vendor, "publish", 403),
            (&validator, "publish", 403), (&publisher, "validate", 403), (&stranger, "submit", 404),
            (&validator, "submit", 403), (&stranger, "reject", 404), (&validator, "yank", 403),
        ] {
            assert_eq!(person.ask(&server, Method::POST, &on(verb), why.clone()).await.0, status, "{verb}");
        }

        for bad in [json!({}), json!({ "reason": " " }), json!({ "reason": "a".repeat(5000) }), json!({ "reason": {} })] {
            assert_eq!(validator.ask(&server, Method::POST, &on("reject"), bad).await.0, 422);
        }
        let rejected = validator.post(&server, &on("reject"), why.clone()).await;
        assert_eq!(json!([rejected["state"], rejected["rejection"]]), json!(["rejected", why["reason"]]));
        assert_eq!(validator.post(&server, &on("reject"), why.clone()).await, rejected);
        assert_eq!(vendor.get(&server, "/reviews?waiting=true").await["total_entries"], 0);
        // The same again is no answer to a rejection, unless its vendor insists.
        let again = vendor.post(&server, "/packages", manifest.0.clone()).await;
        assert_eq!(json!([again["submitted"], again["unchanged"]]), json!([false, true]));
        assert_eq!(vendor.post(&server, &on("submit"), json!({})).await["state"], "submitted");
        let mut better = Manifest(manifest.0.clone());
        better.0["configuration"][0]["task"][0]["ports"] = json!([9090]);
        publisher.post(&server, &on("reject"), json!({ "reason": "Still." })).await;
        assert_eq!(vendor.post(&server, "/packages", better.0.clone()).await["submitted"], true);

        let validated = validator.post(&server, &on("validate"), json!({})).await;
        assert_eq!(json!([validated["state"], validated["rejection"]]), json!(["validated", null]));
        assert_eq!(validator.post(&server, &on("validate"), json!({})).await, validated);
        let published = publisher.post(&server, &on("publish"), json!({})).await;
        assert_eq!(published["state"], "published");
        assert_eq!(publisher.post(&server, &on("publish"), json!({})).await, published);
        publisher.post(&server, &format!("/products/{}/publish", manifest.product()), json!({})).await;
        for (person, verb, status) in [(&validator, "reject", 409), (&vendor, "submit", 200), (&validator, "validate", 200)] {
            assert_eq!(person.ask(&server, Method::POST, &on(verb), why.clone()).await.0, status, "{verb}");
        }
        let yanked = publisher.post(&server, &on("yank"), json!({ "reason": "It leaks." })).await;
        assert_eq!(json!([yanked["state"], yanked["yank_reason"]]), json!(["yanked", "It leaks."]));
        assert_eq!(publisher.post(&server, &on("yank"), json!({})).await, yanked);

        let first = json!(["submitted", vendor.id, null]);
        let expected = [
            first.clone(), json!(["rejected", validator.id, why["reason"]]), first.clone(),
            json!(["rejected", publisher.id, "Still."]), first, json!(["validated", validator.id, null]),
            json!(["published", publisher.id, null]), json!(["yanked", publisher.id, "It leaks."]),
        ];
        assert_eq!(history(&server, &build).await, expected);
        // Who decided what is nothing that everybody has to know.
        let (status, page) = server.get_anonymously(&on("reviews")).await;
        assert_eq!((status.as_u16(), &page["total_entries"]), (200, &json!(0)));
        assert_eq!(stranger.get(&server, &on("reviews")).await["total_entries"], 0);

        let verdicts = column(&server.get(&on("reviews")).await, "verdict");
        let verdicts: Vec<_> = verdicts.iter().map(|verdict| verdict.as_str().unwrap()).collect();
        assert_eq!(heard(&vendor, &server, "account").await, verdicts);
        for person in [&validator, &publisher] {
            assert_eq!(heard(person, &server, "review").await, verdicts);
        }
        let others = heard(&stranger, &server, &format!("product:{}", manifest.product())).await;
        assert!(others.contains(&"yanked".to_owned()) && !others.contains(&"rejected".to_owned()), "{others:?}");
        let told = stranger.get(&server, "/events").await["results"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(json!([told["message"], told["model"]["build"]["reason"]]), json!(["Build 1.0.0 was yanked: It leaks.", "It leaks."]));
        assert_eq!(stranger.ask(&server, Method::GET, "/events?stream=review", json!({})).await.0, 403);
    }

    async fn what_changes_is_a_draft_again(database: Database) {
        let server = Server::start(&database).await;
        let Cast { vendor, validator, .. } = Cast::new(&server).await;
        let manifest = Manifest::new("Changing", "1.0.0");
        let build = path(&manifest);
        vendor.post(&server, "/packages", manifest.0.clone()).await;
        let first = async |collection: &str| text(&server.get(collection).await["results"][0], "path");
        let configuration = first(&format!("{build}/configurations")).await;
        let task = first(&format!("{configuration}/tasks")).await;
        let interface = first_id(&server, "/interfaces").await;
        let below = |name: &str| format!("{build}/{name}");
        let changes = [
            (Method::PATCH, build.clone(), json!({ "release_notes": "New." }), "validated"),
            (Method::PATCH, build.clone(), json!({ "version": "1.0.0" }), "validated"),
            (Method::PATCH, build.clone(), json!({ "container_tag": "other" }), "draft"),
            (Method::PATCH, build.clone(), json!({ "permissions": { "network": true } }), "draft"),
            (Method::PUT, below("asset"), json!({ "any": "content" }), "draft"),
            (Method::DELETE, below("asset"), json!({}), "draft"),
            (Method::POST, below("configurations"), json!({ "name": "more" }), "draft"),
            (Method::PATCH, task.clone(), json!({ "memory": 4096 }), "draft"),
            (Method::DELETE, task, json!({}), "draft"),
            (Method::POST, below("exposures"), json!({ "interface_id": interface }), "draft"),
            (Method::POST, below("dependencies"), json!({ "interface_id": interface }), "draft"),
        ];
        for (method, at, body, expected) in changes {
            vendor.post(&server, &below("submit"), json!({})).await;
            validator.post(&server, &below("validate"), json!({})).await;
            let (status, answer) = vendor.ask(&server, method.clone(), &at, body).await;
            assert!(status < 300, "{method} {at}: {status} {answer}");
            let now = server.get(&build).await;
            assert_eq!(now["state"], expected, "{method} {at}");
            assert_eq!(now["submitted_at"].is_null() && now["validated_at"].is_null(), expected == "draft");
        }
        // What its vendor publishes again is what the package says, and is looked at anew.
        vendor.post(&server, &below("submit"), json!({})).await;
        let mut changed = Manifest(manifest.0.clone());
        changed.0["provenance"][0]["remark"] = json!("Changed.");
        validator.post(&server, &below("validate"), json!({})).await;
        assert_eq!(vendor.post(&server, "/packages", changed.0).await["submitted"], true);
        let now = server.get(&build).await;
        assert_eq!((&now["state"], &now["validated_at"]), (&json!("submitted"), &json!(null)));
    }

    async fn two_pairs_of_eyes_where_the_operator_wants_them(database: Database) {
        let server = Server::start_with(&database, &["--require-review", "true"], &[("MKT_SELF_PUBLISHING", "true")]).await;
        let Cast { vendor, validator, .. } = Cast::new(&server).await;
        let everything = ["products.create", "builds.publish", "builds.validate", "products.publish", "builds.update", "products.update"];
        let editor = Person::new(&server, "editor", &everything).await;
        let manifest = Manifest::new("Required", "1.0.0");
        let build = path(&manifest);
        let on = |verb: &str| format!("{build}/{verb}");
        let refused = async |person: &Person, verb: &str, why: &str| {
            let (status, answer) = person.ask(&server, Method::POST, &on(verb), json!({})).await;
            assert!(status == 409 && text(&answer, "message").contains(why), "{verb}: {status} {answer}");
        };
        // An owner who may publish has to submit all the same.
        for unchanged in [false, true] {
            let outcome = vendor.post(&server, "/packages", manifest.0.clone()).await;
            assert_eq!(json!([outcome["submitted"], outcome["published"], outcome["unchanged"]]), json!([true, false, unchanged]));
        }
        refused(&vendor, "publish", "somebody other").await;
        refused(&editor, "publish", "somebody other").await;
        validator.post(&server, &on("validate"), json!({})).await;
        let outcome = vendor.post(&server, "/packages", manifest.0.clone()).await;
        assert_eq!(json!([outcome["published"], outcome["submitted"]]), json!([true, false]));
        assert_eq!(server.get(&build).await["state"], "published");

        // Nobody validates what is their own submission, nor what nobody submitted.
        let second = manifest.next_version("1.1.0");
        let build = path(&second);
        let on = |verb: &str| format!("{build}/{verb}");
        let refused = async |person: &Person, verb: &str, why: &str| {
            let (status, answer) = person.ask(&server, Method::POST, &on(verb), json!({})).await;
            assert!(status == 409 && text(&answer, "message").contains(why), "{verb}: {status} {answer}");
        };
        assert_eq!(editor.post(&server, "/packages", second.0.clone()).await["submitted"], true);
        refused(&editor, "validate", "by you").await;
        editor.ask(&server, Method::PATCH, &build, json!({ "container_tag": "other" })).await;
        refused(&validator, "validate", "Submit it first").await;
        refused(&editor, "publish", "submitted for review first").await;
    }

    async fn of_many_decisions_at_once_all_fit_together(database: Database) {
        let server = Server::start_with(&database, &["--rate-limit", "0", "--require-review", "true"], &[]).await;
        let Cast { vendor, validator, publisher, .. } = Cast::new(&server).await;
        for round in 0..6 {
            let manifest = Manifest::new(&format!("Contested {round}"), "1.0.0");
            let build = path(&manifest);
            vendor.post(&server, "/packages", manifest.0.clone()).await;
            validator.post(&server, &format!("{build}/validate"), json!({})).await;
            let publish = (0..3).map(|_| (&publisher, "publish", json!({})));
            let change = (0..3).map(|number| (&vendor, "configurations", json!({ "name": format!("{number}") })));
            let attempts: Vec<_> = publish.zip(change).flat_map(|(publish, change)| [publish, change]).collect();
            let answers = join_all(attempts.iter().map(async |(person, end, body)| {
                person.ask(&server, Method::POST, &format!("{build}/{end}"), body.clone()).await
            })).await;
            let done = |wanted: &str| {
                attempts.iter().zip(&answers).filter(|((_, end, _), (status, _))| *end == wanted && *status < 300).count()
            };
            // What was validated is published, or what was changed is not.
            let now = server.get(&build).await;
            let expected = if now["state"] == "published" { (3, 0) } else { (0, 3) };
            assert_eq!((done("publish"), done("configurations")), expected, "{now}");

            let decisions = [(&validator, "reject"), (&validator, "validate"), (&publisher, "publish"), (&vendor, "submit")];
            join_all(decisions.iter().cycle().take(16).map(async |(person, verb)| {
                person.ask(&server, Method::POST, &format!("{build}/{verb}"), json!({ "reason": "No." })).await
            })).await;
            let verdicts = column(&server.get(&format!("{build}/reviews?per_page=100")).await, "verdict");
            let published = verdicts.iter().position(|verdict| verdict == "published");
            assert!(published.is_none_or(|place| place + 1 == verdicts.len()), "{verdicts:?}");
            assert!(verdicts.windows(2).all(|pair| pair[0] != pair[1]), "{verdicts:?}");
            let state = server.get(&build).await["state"].clone();
            assert!(verdicts.last() == Some(&state) || state == "draft", "{state} after {verdicts:?}");
        }
    }
}
