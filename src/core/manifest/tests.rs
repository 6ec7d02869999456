use super::*;
use crate::core::files::FileKind;

/// A manifest that uses every key and has nothing wrong with it.
const EXAMPLE: &str = include_str!("example.json");

const DEMO: [(&str, &str); 10] = [
    ("growth-charts", include_str!("../demo/growth-charts.json")),
    ("renal-dosing-hooks", include_str!("../demo/renal-dosing-hooks.json")),
    ("antibiotic-stewardship-cql", include_str!("../demo/antibiotic-stewardship-cql.json")),
    ("terminology-server", include_str!("../demo/terminology-server.json")),
    ("retina-grading", include_str!("../demo/retina-grading.json")),
    ("recovery-diary", include_str!("../demo/recovery-diary.json")),
    ("ward-flow", include_str!("../demo/ward-flow.json")),
    ("deidentification", include_str!("../demo/deidentification.json")),
    ("discharge-leaflets", include_str!("../demo/discharge-leaflets.json")),
    ("hl7v2-bridge", include_str!("../demo/hl7v2-bridge.json")),
];

fn lines(checked: &Checked) -> Vec<String> {
    checked.diagnostics.iter().map(Diagnostic::to_string).collect()
}

fn example() -> Manifest {
    check(EXAMPLE).manifest.expect("a manifest")
}

#[test]
fn the_example_is_read_whole() {
    let checked = check(EXAMPLE);
    assert_eq!(lines(&checked), [""; 0]);
    let Manifest { marketplace_url, product, build, configurations, content } = example();
    assert_eq!(marketplace_url.as_deref(), Some("https://marketplace.example.org"));
    assert_eq!(content["product"]["build"]["version"], "2.1");

    assert_eq!(product.id.to_string(), "2d0f2c53-59a2-4a3f-9f0f-5b2c86e2d0a1");
    assert_eq!(product.name, "Ward Board");
    assert_eq!(product.description.as_deref(), Some("Shows the beds of a ward."));
    assert_eq!(product.support_url.as_deref(), Some("https://example.org/ward"));
    assert_eq!(product.locale.as_deref(), Some("en-GB"));
    assert_eq!(product.mime_type.as_deref(), Some("application/smart.v1"));
    assert_eq!(product.licenses.len(), 1);
    assert_eq!(product.licenses[0].url, "https://opensource.org/license/mit");

    assert_eq!(build.id.to_string(), "7be1c1e2-4b0e-4c56-8a1b-3d6f0c9b7e55");
    assert_eq!(build.version, "2.1");
    assert_eq!(build.release_notes.as_deref(), Some("Beds can be moved.\nRows are sorted."));
    assert_eq!(build.image.expect("an image").to_string(), "registry.example.org/ward/board:2.1.0");
    assert_eq!(build.asset.as_deref(), Some("files/guide.pdf"));
    assert_eq!(build.logo.as_deref(), Some("logo.png"));
    assert_eq!(build.screenshots[1], Screenshot { path: "two.png".into(), caption: "One bed".into() });
    assert_eq!((build.exposes[0].uri.as_str(), build.exposes[0].version.as_str()), ("https://cds-hooks.org", "2.0"));
    assert_eq!(build.exposes[0].parameters, [ExposedParameter { name: "discovery_url".into(), required: true }]);
    assert_eq!(build.requires[0].version, "4.0.1");
    assert!(build.requires[0].required);
    assert_eq!(build.requires[0].mappings["base_url"], "FHIR_BASE_URL");
    assert_eq!(build.dependencies[0].product_id.to_string(), "9f4a0f7c-2c3e-4a53-8c7b-1c6b5d3e2f10");
    assert_eq!(build.dependencies[0].build_ids.len(), 1);
    assert_eq!(build.dependencies[0].name.as_deref(), Some("Bed Server"));

    let [default, small] = configurations.as_slice() else { panic!("two configurations") };
    assert_eq!((default.name.as_str(), default.default), ("default", true));
    assert_eq!((small.name.as_str(), small.default), ("small", false));
    let [web, nightly] = default.tasks.as_slice() else { panic!("two tasks") };
    assert_eq!((web.memory_minimum, web.memory_maximum), (Some(128), Some(256)));
    assert_eq!((web.instances_minimum, web.instances_maximum), (1, 3));
    assert_eq!((web.options.as_slice(), web.ports.as_slice()), (&["--port".into(), "8080".into()][..], &[8080][..]));
    assert_eq!(web.environment[0].pattern.as_deref(), Some("https?://.+"));
    assert_eq!(web.environment[1].default.as_deref(), Some("Ward"));
    assert_eq!((nightly.label.as_str(), nightly.cron.as_deref()), ("nightly", Some("30 2 * * 1-5")));
    assert_eq!((nightly.memory_maximum, nightly.instances_minimum, nightly.instances_maximum), (None, 0, 0));
}

/// The blocks of `broken.txt`: the example with its edits, and the diagnostics expected.
fn broken() -> impl Iterator<Item = (String, Vec<&'static str>)> {
    include_str!("broken.txt").split("\n\n").skip(1).map(|block| {
        let (mut text, mut replaced, mut expected) = (EXAMPLE.to_owned(), "", Vec::new());
        for line in block.lines() {
            match line.split_at(1) {
                ("<", old) => replaced = old.trim_start(),
                (">", new) => {
                    assert_eq!(text.matches(replaced).count(), 1, "occurrences of {replaced}");
                    text = text.replace(replaced, new.trim_start());
                }
                ("=", diagnostic) => expected.push(diagnostic.trim_start()),
                _ => panic!("{line}"),
            }
        }
        (text, expected)
    })
}

#[test]
fn broken_variants_are_told_from_lawful_ones() {
    let mut seen = 0;
    for (text, expected) in broken() {
        let checked = check(&text);
        assert_eq!(lines(&checked), expected);
        assert_eq!(checked.manifest.is_none(), expected.iter().any(|line| line.contains(": error: ")), "{expected:?}");
        for diagnostic in &checked.diagnostics {
            assert!(diagnostic.help.ends_with(['.', '?']), "{}", diagnostic.help);
        }
        seen += 1;
    }
    assert!(seen > 80, "{seen} blocks");
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_document() {
    let edits = [("30 2 * * 1-5", "now and then"), ("\"MIT License\"", "7"), ("8080]", "0]"), ("2d0f2c53-", "")];
    let text = edits.iter().fold(EXAMPLE.to_owned(), |text, (old, new)| text.replace(old, new));
    let paths: Vec<_> = check(&text).diagnostics.into_iter().map(|diagnostic| diagnostic.path).collect();
    assert_eq!(
        paths,
        [
            "product.uuid",
            "product.facts.licensing[0].name",
            "configuration[0].task[0].ports[0]",
            "configuration[0].task[1].cron"
        ]
    );
}

#[test]
fn positions_count_characters_whatever_the_line_ends() {
    let broken = EXAMPLE.replace("\"A", "\"ÄÖ\u{1F600}A").replace("curator", "owner");
    let position =
        |text: &str| lines(&check(text)).first().and_then(|line| line.split_once(": ")).map(|(at, _)| at.to_owned());
    assert_eq!(position(&broken).as_deref(), Some("26:57"));
    assert_eq!(position(&broken.replace('\n', "\r\n")).as_deref(), Some("26:57"));
    assert_eq!(position(&format!("\u{feff}{broken}")).as_deref(), Some("26:57"));
    assert!(check(&format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"))).manifest.is_some());
}

/// What each diagnostic of a text is about, as it stands in its line.
fn extents(text: &str, diagnostics: &[Diagnostic]) -> Vec<String> {
    let extent = |found: &Diagnostic| {
        let line = text.lines().nth(found.line - 1).unwrap_or_default();
        line.chars().skip(found.column - 1).take(found.length).collect()
    };
    diagnostics.iter().map(extent).collect()
}

#[test]
fn each_diagnostic_has_the_extent_of_what_it_is_about() {
    for (old, new, extent) in [
        ("2d0f2c53-59a2-4a3f-9f0f-5b2c86e2d0a1", "ÄÖ\u{1F600}\\u00e4", "\"ÄÖ\u{1F600}\\u00e4\""),
        ("[8080]", "[80, 80800]", "80800"),
        ("\"locale\"", "\"lokale\"", "\"lokale\""),
        ("\"role\": \"curator\"", "\"role\" :true", "true"),
        (", \"role\": \"curator\"", "", "{ \"name\": \"Alex Example\" }"),
        ("\"marketplace_url\": \"https://marketplace.example.org\",", "", "{"),
        ("\"name\": \"Ward Board\",", "", "{"),
        ("[\"Nursing\"]", "[\"Nursing\",]", "]"),
        ("[\"Nursing\"]", "[\"Nursing]", ""),
        ("\"locale\": \"en-GB\"", "\"locale\": \"en\", \"locale\": \"en\"", "\"locale\""),
    ] {
        let text = EXAMPLE.replace(old, new);
        for text in [text.clone(), text.replace('\n', "\r\n")] {
            assert_eq!(extents(&text, &check(&text).diagnostics), [extent], "{new}");
        }
    }
    for (text, _) in broken() {
        for found in check(&text).diagnostics {
            let line = text.lines().nth(found.line - 1).unwrap_or_default();
            assert!(found.length > 0 && found.column - 1 + found.length <= line.chars().count(), "{found}");
        }
    }
}

#[test]
fn files_that_are_named_are_looked_at_where_they_are_named() {
    let seen = std::cell::RefCell::new(Vec::new());
    let look = |path: &str, kind| {
        seen.borrow_mut().push((path.to_owned(), kind));
        let fault = Fault { severity: Severity::Error, message: "is not there".into(), help: "Add it.".into() };
        if path == "two.png" { Err(fault) } else { Ok(()) }
    };
    let (text, checked) = check_file(format!("{BYTE_ORDER_MARK}{EXAMPLE}").as_bytes(), Some(&look));
    assert_eq!(lines(&checked), ["14:79: error: product.build.screenshots[1].path: is not there"]);
    assert_eq!(extents(&text, &checked.diagnostics), ["\"two.png\""]);
    assert!(checked.manifest.is_none());
    let image = |path: &str| (path.to_owned(), FileKind::Image);
    let asset = ("files/guide.pdf".to_owned(), FileKind::Asset);
    assert_eq!(*seen.borrow(), [asset, image("logo.png"), image("one.png"), image("two.png")]);
}

#[test]
fn bytes_that_are_no_text_have_one_error() {
    let large = vec![0xff; LARGEST + 1];
    for (bytes, expected) in [
        (b"{\n\"a\": \"\xe4\"}".as_slice(), "2:7: error: is not UTF-8 text here"),
        (b"\xff\xfe{\0}\0", "1:1: error: is not UTF-8 text here"),
        (b"\xef\xbb\xbf\xf0\x9f", "1:1: error: is not UTF-8 text here"),
        (b"", "1:1: error: is empty"),
        (&large, "1:1: error: has more than 1048576 bytes, which is the most that a manifest may have"),
    ] {
        assert_eq!(lines(&check_file(bytes, None).1), [expected]);
    }
}

#[test]
fn what_is_no_document_has_one_error() {
    let nested = "[".repeat(500_000);
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    for (text, expected) in [
        ("", "1:1: error: is empty"),
        (" \n ", "2:1: error: is empty"),
        ("{\n", "2:1: error: ends too early"),
        ("{\"a\": \"b", "1:8: error: ends too early"),
        ("[]", "1:1: error: must be an object, but is a list"),
        ("null", "1:1: error: must be an object, but is null"),
        ("{} {}", "1:4: error: goes on after its end"),
        ("{,}", "1:2: error: is not JSON: key must be a string"),
        ("{\"a\": \"\u{1b}\"}", "1:8: error: has a control character inside a text"),
        ("{\"a\": \"b\n\"}", "1:9: error: has a line break or a tab inside a text"),
        ("{\"a\": 01}", "1:8: error: is not JSON: invalid number"),
        ("{\"a\": 1e999}", "1:11: error: is not JSON: number out of range"),
        ("{\"a\": +1}", "1:7: error: is not JSON: expected value"),
        ("{\"a\": \"\\ud800\"}", "1:14: error: is not JSON: unexpected end of hex escape"),
        ("{\u{a0}}", "1:2: error: is not JSON: key must be a string"),
        (nested.as_str(), "1:128: error: is nested too deeply"),
        (large.as_str(), "1:1: error: has more than 1048576 bytes, which is the most that a manifest may have"),
    ] {
        let checked = check(text);
        assert_eq!(lines(&checked), [expected], "{:?}", text.get(..20));
        assert!(checked.manifest.is_none());
    }
}

#[test]
fn a_flood_of_problems_is_cut_off() {
    let flood = "1,".repeat(2000);
    let checked = check(&EXAMPLE.replace("[\"Nursing\"]", &format!("[{flood}1]")));
    assert_eq!(checked.diagnostics.len(), 1001);
    let last = lines(&checked).pop();
    assert_eq!(last.as_deref(), Some("82:1: error: has 1001 more problems, which are not listed"));
    assert!(checked.manifest.is_none());
}

#[test]
fn lists_that_are_too_large_to_store_are_refused() {
    let options = "\"--verbose\",".repeat(6000);
    let checked = check(&EXAMPLE.replace("[\"--port\"", &format!("[{options}\"--port\"")));
    let expected =
        "53:22: error: configuration[0].task[0].options: has 72017 bytes of JSON, but may have 65536 at most";
    assert_eq!(lines(&checked), [expected]);
}

#[test]
fn the_version_falls_back_to_the_tag() {
    let manifest = check(&EXAMPLE.replace("\"version\": \"2.1\",", "")).manifest.expect("a manifest");
    assert_eq!(manifest.build.version, "2.1.0");
}

#[test]
fn what_is_not_identified_is_left_out() {
    let edits =
        [("9f4a0f7c-", ""), ("opensource.org", " "), ("30 2 * * 1-5", "daily"), ("application/smart.v1", "CQL")];
    let text = edits.iter().fold(EXAMPLE.to_owned(), |text, (old, new)| text.replace(old, new));
    let manifest = check(&text).manifest.expect("a manifest");
    assert_eq!(manifest.build.dependencies, []);
    assert_eq!(manifest.product.licenses, []);
    assert_eq!(manifest.product.mime_type, None);
    assert_eq!(manifest.configurations[0].tasks[1].cron, None);
}

#[test]
fn dependencies_come_from_both_places_once() {
    let same = EXAMPLE.lines().nth(35).unwrap_or_default();
    let other = r#"{ "uuid": "0f3a9f5e-1a76-4f0b-a6cc-3d1f2b7f7a10", "build": [], "required": false, "mappings": "" }"#;
    let text = EXAMPLE.replace("\"dependency\": []", &format!("\"dependency\": [{other}, {same}]"));
    let dependencies = check(&text).manifest.expect("a manifest").build.dependencies;
    assert_eq!(dependencies.iter().map(|dependency| dependency.required).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn diagnostics_pass_through_json() {
    let checked = check("{}");
    let json = serde_json::to_value(&checked.diagnostics).expect("JSON");
    assert_eq!(json[0]["severity"], "warning");
    assert_eq!(serde_json::from_value::<Vec<Diagnostic>>(json).expect("diagnostics"), checked.diagnostics);
}

#[test]
fn demo_manifests_have_nothing_wrong_with_them() {
    for (name, text) in DEMO {
        let checked = check(text);
        assert_eq!(lines(&checked), [""; 0], "{name}");
        assert!(checked.manifest.is_some(), "{name}");
    }
}

/// The official examples break the official schema in places; they are publishable all the same.
#[test]
fn official_examples_are_publishable() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/reference/packaging");
    let expected: [(&str, &[&str]); 4] = [
        (
            "cds-hooks",
            &[
                "10 warning product.build.binary.image",
                "57 warning product.facts.technology_mime_type",
                "83 warning product.facts.data_access[3].uri",
                "86 warning product.facts.data_access[4].uri",
                "89 warning product.facts.data_access[5].uri",
                "92 warning product.facts.data_access[6].uri",
                "95 warning product.facts.data_access[7].uri",
                "98 warning product.facts.data_access[8].uri",
                "106 warning product.facts.runtime_dependencies[0].uuid",
                "147 warning configuration[0].task[1].configuration_id",
                "148 warning configuration[0].task[1].id",
                "157 warning configuration[0].task[1].cron",
                "178 warning provenance[0].datetime",
            ],
        ),
        (
            "content",
            &[
                "10 warning product.build.binary.image",
                "20 warning product.facts.organization",
                "21 warning product.facts.stewards",
                "23 warning product.facts.technology_mime_type",
                "50 warning provenance[0].datetime",
            ],
        ),
        (
            "cql",
            &[
                "10 warning product.build.binary.image",
                "26 warning product.facts.pricing[1].measure",
                "41 warning product.facts.stewards",
                "44 warning product.facts.licensing[0].terms",
                "77 warning provenance[0].datetime",
            ],
        ),
        (
            "smart",
            &[
                "39 warning product.facts.stewards",
                "46 warning product.build.binary.image",
                "54 warning configuration[0].task[0].id",
                "83 warning provenance[0].datetime",
            ],
        ),
    ];
    for (name, expected) in expected {
        let Ok(text) = std::fs::read_to_string(format!("{folder}/{name}.product.build.json")) else { continue };
        let checked = check(&text);
        let starts: Vec<_> = checked
            .diagnostics
            .iter()
            .map(|found| format!("{} {} {}", found.line, found.severity, found.path))
            .collect();
        assert_eq!(starts, expected, "{name}");
        let manifest = checked.manifest.expect("a manifest");
        assert_eq!(manifest.build.version, "latest", "{name}");
    }
}
