//! Labels of builds: who gets them, in which forms, what they tell of platforms, and what hostile texts do to them.

use quick_xml::Reader;
use quick_xml::events::Event;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sessions::user_with_token;
use super::{Answer, Tree, id_in, post, text};
use crate::support::cable::beside;
use crate::support::{Database, Manifest, Server, on_both};

const ENDS: [&str; 4] = ["", ".svg", ".html", ".txt"];

/// Publishes a manifest, and answers the path of its build.
async fn publish(server: &Server, manifest: &Manifest) -> String {
    let (status, answer) = server.send(Method::POST, "/packages", manifest.0.clone()).await;
    assert_eq!(status, 200, "{answer}");
    format!("/products/{}/builds/{}", manifest.product(), manifest.build())
}

/// A section of a label.
fn section<'a>(label: &'a Value, id: &str) -> &'a Value {
    let all = ["facts", "requirements"].into_iter().flat_map(|half| label[half].as_array().unwrap());
    all.into_iter().find(|section| section["id"] == id).unwrap_or_else(|| panic!("no {id} in {label}"))
}

/// The rows of a section as their names and this field.
fn rows(label: &Value, id: &str, field: &str) -> Vec<(String, Value)> {
    let rows = section(label, id)["rows"].as_array().unwrap();
    rows.iter().map(|row| (text(row, "name"), row[field].clone())).collect()
}

/// The texts of a document that must be well-formed and have nothing that runs or loads.
fn texts(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let (mut texts, mut piece) = (Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error} in {document}")) {
            Event::Start(element) | Event::Empty(element) => {
                let name = element.name().as_ref().to_owned();
                assert!(!matches!(name.as_str(), "script" | "image" | "img" | "iframe" | "foreignObject"), "{name}");
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    let name = attribute.key.as_ref().to_owned();
                    assert!(!name.starts_with("on") && name != "style" && name != "src", "{name}");
                    let value = attribute.value.to_string();
                    assert!(name != "href" || value.starts_with("http") || value.starts_with("mailto:"), "{value}");
                }
                texts.push(std::mem::take(&mut piece));
            }
            Event::Text(text) => piece.push_str(&text),
            Event::GeneralRef(entity) => match &*entity {
                "amp" => piece.push('&'),
                "lt" => piece.push('<'),
                "gt" => piece.push('>'),
                "quot" => piece.push('"'),
                "#39" => piece.push('\''),
                other => panic!("the entity {other}"),
            },
            Event::End(_) => texts.push(std::mem::take(&mut piece)),
            Event::Eof => return texts,
            _ => {}
        }
    }
}

on_both! {
    async fn labels_come_in_the_form_that_is_asked_for(database: Database) {
        let server = Server::start(&database).await;
        let mut manifest = Manifest::new("Fieldfare", "1.4.0");
        manifest.0["product"]["facts"]["pricing"][0]["kind"] = json!("maintainence");
        let build = publish(&server, &manifest).await;
        let get = async |end: &str, accept: &str| {
            let path = format!("{build}/label{end}");
            Answer::to(server.anonymous(Method::GET, &path).header("accept", accept)).await
        };
        let cases = [
            ("", "*/*", "application/json"),
            ("", "application/json", "application/json"),
            ("", "text/html,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
            ("", "image/svg+xml,image/*", "image/svg+xml"),
            ("", "text/plain", "text/plain; charset=utf-8"),
            (".svg", "*/*", "image/svg+xml"),
            (".svg", "application/json", "image/svg+xml"),
            (".html", "*/*", "text/html; charset=utf-8"),
            (".txt", "*/*", "text/plain; charset=utf-8"),
        ];
        for (end, accept, media_type) in cases {
            let answer = get(end, accept).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, media_type), "{end} {accept}");
            for told in ["Fieldfare", "1.4.0", "Alex Example, MD", "Curator", "MIT License", "Maintenance", "64 to 128 MiB"] {
                assert!(answer.body.contains(told), "{told:?} is not in {}", answer.body);
            }
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            let policy = answer.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
            assert_eq!(policy.contains("style-src 'sha256-"), media_type.starts_with("text/html"), "{policy}");
            let varies = answer.headers.get_all("vary").iter().any(|value| value.to_str().unwrap().contains("accept"));
            assert_eq!(varies, end.is_empty());
            let known = server.anonymous(Method::GET, &format!("{build}/label{end}")).header("accept", accept);
            let again = Answer::to(known.header("if-none-match", answer.header("etag"))).await;
            assert_eq!((again.status, again.body.as_str()), (304, ""));
            // Browsers take it for the page that they have.
            let policy = "content-security-policy";
            assert_eq!(again.header(policy), answer.header(policy));
        }
        assert_eq!(get("", "image/png").await.status, 406);
        let label = get("", "*/*").await.json();
        assert_eq!(label["platform"], Value::Null);
        assert_eq!(rows(&label, "customer_service", "url")[0].1, "mailto:help@example.org");
        assert_eq!(section(&label, "runtime_dependencies")["stated"], true);
        assert!(get(".txt", "*/*").await.body.lines().all(|line| line.chars().count() <= 80));
        for end in [".svg", ".html"] {
            assert!(texts(&get(end, "*/*").await.body).iter().any(|text| text == "Fieldfare"), "{end}");
        }
    }

    async fn whoever_may_read_the_build_gets_its_label(database: Database) {
        let server = Server::start(&database).await;
        let tree = Tree::plant(&server, json!({ "name": "Hidden" })).await;
        let (other, _, token) = user_with_token(&server, "Other", json!([])).await;
        let theirs = server.create(&format!("{other}/platforms"), json!({ "name": "Theirs" })).await;
        let mine = server.create("/platforms", json!({ "name": "Mine" })).await;
        let (theirs, mine) = (text(&theirs, "id"), text(&mine, "id"));
        let get = async |token: Option<&str>, path: String| {
            let request = server.anonymous(Method::GET, &path);
            Answer::to(token.into_iter().fold(request, |request, token| request.bearer_auth(token))).await
        };
        for end in ENDS {
            let path = format!("{}/label{end}", tree.build);
            let absent = path.replace(id_in(&tree.build), &Uuid::new_v4().to_string());
            for token in [None, Some(token.as_str())] {
                let (hidden, absent) = (get(token, path.clone()).await, get(token, absent.clone()).await);
                assert_eq!((hidden.status, &hidden.body, hidden.telling()), (404, &absent.body, absent.telling()), "{path}");
            }
            assert_eq!(Answer::to(server.request(Method::GET, &path)).await.status, 200, "{path}");
        }
        tree.publish(&server).await;
        let label = format!("{}/label", tree.build);
        let about = |platform: &str| format!("{label}?platform={platform}");
        let nobody = Uuid::new_v4().to_string();
        let cases = [
            (None, label.clone(), 200),
            (None, about(&theirs), 404),
            (Some(&token), about(&theirs), 200),
            (Some(&token), about(&mine), 404),
            (Some(&token), about(&nobody), 404),
            (None, about("mine"), 400),
            (None, about(""), 400),
            (None, label.replace(id_in(&tree.product), &nobody), 404),
        ];
        for (token, path, status) in cases {
            assert_eq!(get(token.map(String::as_str), path.clone()).await.status, status, "{path}");
        }
        let absent = get(Some(&token), about(&nobody)).await;
        assert_eq!(get(Some(&token), about(&mine)).await.body, absent.body, "another's platform is as none");
    }

    async fn platforms_meet_what_runs_on_them(database: Database) {
        let server = Server::start(&database).await;
        let interface = async |uri: &str, version: &str| {
            let fields = json!({ "name": format!("{uri} {version}"), "uri": uri, "version": version });
            text(&server.create("/interfaces", fields).await, "id")
        };
        let substitute = interface("https://example.org/new", "2").await;
        let wanted = interface("https://example.org/old", "1").await;
        server.create(&format!("/interfaces/{wanted}/surrogates"), json!({ "substitute_id": substitute })).await;

        let exposes = |uri: &str, version: &str| json!([{ "uri": uri, "version": version }]);
        let mut runs = Manifest::new("Running", "1.0.0");
        runs.0["product"]["build"]["exposes"] = exposes("http://hl7.org/fhir", "4.0.1");
        let mut stands_in = Manifest::new("Standing in", "1.0.0");
        stands_in.0["product"]["build"]["exposes"] = exposes("https://example.org/new", "2");
        let mut failed = Manifest::new("Failed", "1.0.0");
        failed.0["product"]["build"]["exposes"] = exposes("https://example.org/failed", "1");
        let mut elsewhere = Manifest::new("Elsewhere", "1.0.0");
        elsewhere.0["product"]["build"]["exposes"] = exposes("https://example.org/elsewhere", "1");

        let platform = server.create("/platforms", json!({ "name": "Ward 7" })).await;
        let other = server.create("/platforms", json!({ "name": "Ward 8" })).await;
        let (platform, other) = (text(&platform, "path"), text(&other, "path"));
        for (manifest, platform) in [(&runs, &platform), (&stands_in, &platform), (&failed, &platform), (&elsewhere, &other)] {
            publish(&server, manifest).await;
            let deployed = server.create(&format!("{platform}/instances"), json!({ "build_id": manifest.build() })).await;
            if manifest.build() == failed.build() {
                let db = beside(&database).await;
                let tx = db.begin().await.unwrap();
                let id: Uuid = text(&deployed, "id").parse().unwrap();
                tx.execute(mkt::sql!("update instances set state = 'failed' where id = $1", id)).await.unwrap();
                tx.commit().await.unwrap();
            }
        }

        let mut manifest = Manifest::new("Needy", "1.0.0");
        let requires = |uri: &str, version: &str, required: bool| json!({ "uri": uri, "version": version, "required": required });
        manifest.0["product"]["build"]["requires"] = json!([
            requires("http://hl7.org/fhir", "4.0.1", true),
            requires("https://example.org/old", "1", true),
            requires("https://example.org/failed", "1", true),
            requires("https://example.org/elsewhere", "1", true),
            requires("https://example.org/absent", "1", false),
        ]);
        manifest.0["product"]["facts"]["runtime_dependencies"] = json!([
            { "uuid": runs.product(), "build": [] },
            { "uuid": stands_in.product(), "build": [Uuid::new_v4()] },
            { "uuid": Uuid::new_v4(), "build": [], "name": "Nowhere" },
        ]);
        manifest.0["product"]["facts"]["data_access"] = json!([
            { "label": "FHIR R4", "uri": "http://hl7.org/fhir/" },
            { "label": "Warehouse", "uri": "https://example.org/warehouse" },
        ]);
        let build = publish(&server, &manifest).await;
        let label = server.get(&format!("{build}/label?platform={}", id_in(&platform))).await;
        assert_eq!(label["platform"]["name"], "Ward 7");
        let mut met = rows(&label, "runtime_dependencies", "met");
        met.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            ("FHIR R4", "yes"),
            ("Nowhere", "no"),
            ("Running", "yes"),
            ("Standing in", "no"),
            ("https://example.org/absent 1", "please_verify"),
            ("https://example.org/elsewhere 1", "no"),
            ("https://example.org/failed 1", "no"),
            ("https://example.org/old 1", "yes"),
        ];
        assert_eq!(met, expected.map(|(name, met)| (name.to_owned(), json!(met))));
        let verdicts = |id: &str| rows(&label, id, "met").into_iter().map(|(_, met)| met).collect::<Vec<_>>();
        assert_eq!(verdicts("data_access"), ["yes", "please_verify"]);
        for open in ["identity_and_access_management", "memory_and_instances", "networking"] {
            assert_eq!(verdicts(open), ["please_verify"], "{open}");
        }
        let drawn = Answer::to(server.request(Method::GET, &format!("{build}/label.svg?platform={}", id_in(&platform)))).await;
        let drawn = texts(&drawn.body);
        for told in ["Compatibility with Ward 7", "Yes", "No", "please verify"] {
            assert!(drawn.iter().any(|text| text == told), "{told}");
        }
    }

    async fn builds_made_by_hand_have_labels_too(database: Database) {
        let server = Server::start(&database).await;
        let product = server.create("/products", json!({ "name": "By hand", "mime_type": "application/zip" })).await;
        let license = server.create("/licenses", json!({ "name": "Ward licence", "url": "https://example.org/ward" })).await;
        let product = text(&product, "path");
        server.create(&format!("{product}/licenses"), json!({ "license_id": license["id"] })).await;
        let image = json!({ "version": "7", "container_repository": "ghcr.io/ward/board", "container_tag": "7" });
        let build = text(&server.create(&format!("{product}/builds"), image).await, "path");
        let configuration = server.create(&format!("{build}/configurations"), json!({ "name": "only", "default": true })).await;
        let task = json!({ "name": "web", "minimum": 1, "maximum": 1, "memory": 512 });
        server.create(&format!("{}/tasks", text(&configuration, "path")), task).await;
        post(&server, &format!("{build}/publish")).await;
        post(&server, &format!("{product}/publish")).await;
        let (_, label) = server.get_anonymously(&format!("{build}/label")).await;
        assert_eq!((&label["product"]["name"], &label["build"]["name"]), (&json!("By hand"), &json!("7")));
        let names = |id: &str| rows(&label, id, "value").into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("licensing"), ["Ward licence"]);
        assert_eq!(names("technology"), ["application/zip"]);
        assert_eq!(names("artifacts"), ["ghcr.io/ward/board:7"]);
        let memory = json!(["Up to 512 MiB, 1 instance"]);
        assert_eq!(rows(&label, "memory_and_instances", "details"), [("web".to_owned(), memory)]);
        for (id, stated) in [("stewards", false), ("networking", false), ("runtime_dependencies", true)] {
            assert_eq!((&section(&label, id)["stated"], &section(&label, id)["rows"]), (&json!(stated), &json!([])), "{id}");
        }
        let plain = Answer::to(server.anonymous(Method::GET, &format!("{build}/label.txt"))).await.body;
        assert!(plain.contains("Not stated") && plain.contains("no manifest"), "{plain}");
    }

    async fn hostile_texts_are_texts_and_huge_ones_are_cut(database: Database) {
        let server = Server::start(&database).await;
        let hostile = "</text></title><script>alert(1)</script>&lt;\"'\u{202e}]]>--><!--";
        let mut manifest = Manifest::new(hostile, "1.0.0");
        let facts = &mut manifest.0["product"]["facts"];
        facts["domain"] = (0..1000).map(|number| format!("Domain {number}")).collect();
        let word = "日本語😀".repeat(5000);
        facts["cybersecurity"] = json!([{ "control": "javascript:alert(1)", "remark": word }]);
        facts["organization"] = json!([{ "name": "شركة الصحة\u{2066}", "contact": "z\u{301}".repeat(100) + &"\u{301}".repeat(30) }]);
        facts["customer_service"] = json!([
            { "service": "forum", "url": format!("https://example.org/{}", "a/".repeat(900)), "terms": "\n\t x \r\n y" },
        ]);
        let build = publish(&server, &manifest).await;
        for end in ENDS {
            let answer = Answer::to(server.anonymous(Method::GET, &format!("{build}/label{end}"))).await;
            assert_eq!(answer.status, 200);
            assert!(answer.body.len() < 32 * 1024, "{end}: {}", answer.body.len());
            assert!(!answer.body.contains('\u{202e}') && answer.body.contains('…'), "{end}");
            assert!(answer.body.contains("Domain 19") && !answer.body.contains("Domain 20"), "{end}");
            match end {
                "" => {
                    let label = answer.json();
                    assert_eq!(section(&label, "domain")["more"], 980);
                    assert_eq!(rows(&label, "cybersecurity", "url")[0].1, Value::Null);
                    assert_eq!(section(&label, "customer_service")["rows"][0]["details"][1], "x y");
                }
                ".txt" => {
                    assert!(answer.body.contains("and 980 more"));
                    let widths = answer.body.lines().map(unicode_width::UnicodeWidthStr::width);
                    assert!(widths.max().unwrap() <= 80, "{}", answer.body);
                }
                _ => {
                    let texts = texts(&answer.body);
                    assert!(texts.iter().any(|text| text.contains("<script>")), "{end}: {texts:?}");
                    assert!(texts.iter().any(|text| text == "and 980 more"), "{end}");
                }
            }
        }
    }
}
