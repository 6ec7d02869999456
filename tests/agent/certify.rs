//! Products tried before they are published, by a real engine: a good one, and those that break one rule each.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::ward::{PATIENCE, serving};
use crate::support::{Database, Home, Manifest, Ran, Server, Stage, on_stage};

/// A product that keeps the rules.
const GOOD: &str = r#"
echo "starts $NAME $NEEDED"
echo fine > /www/index.html
exec /bin/busybox httpd -f -p 8080 -h /www
"#;

/// What is in the image beside the script: a volume to write to, and folders that are none.
const FILE: &str = "FROM scratch
COPY busybox /bin/busybox
COPY task /task
COPY --chown=65532 www /www
COPY --chown=65532 www /data
COPY --chown=65532 www /var/log
VOLUME /www
USER 65532:65532
EXPOSE 8080
ENTRYPOINT [\"/bin/busybox\", \"sh\", \"/task\"]
";

/// A command line with an engine.
struct Bench {
    stage: Stage,
    home: Home,
}

impl Bench {
    fn new(stage: Stage) -> Self {
        Self { stage, home: Home::new() }
    }

    /// An image with this script, and its name in the registry.
    fn image(&self, name: &str, script: &str) -> String {
        self.stage.image_of(name, script, FILE);
        format!("{}/{name}", self.stage.registry.address)
    }

    /// Runs the command with a text on stdin. Nothing is left of it.
    async fn certify(&self, arguments: &[&str], stdin: &str) -> Ran {
        let socket = self.stage.socket.display().to_string();
        let arguments = [&["certify", "--docker-socket", &socket], arguments].concat();
        let ran = self.home.piped(&arguments, &[("MKT_NO_RESOLVE", "false")], stdin).await;
        assert_eq!(self.containers(), "", "{ran:?}");
        ran
    }

    /// The rows of the trial of an image or manifest.
    async fn rows(&self, arguments: &[&str], stdin: &str) -> (Ran, Vec<Value>) {
        let ran = self.certify(&[arguments, &["--json"]].concat(), stdin).await;
        let rows: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        assert_eq!(rows.len(), 18, "{ran:?}");
        (ran, rows)
    }

    fn containers(&self) -> String {
        self.stage.registry.podman(&["ps", "--all", "--quiet"]).trim().to_owned()
    }
}

/// What these rows are of.
fn those(rows: &[Value], verdict: &str) -> Vec<String> {
    let named = rows.iter().filter(|row| row["verdict"] == verdict).map(name);
    named.collect()
}

/// A row's rule, or what it is of where that is no number.
fn name(row: &Value) -> String {
    row["rule"].as_u64().map_or_else(|| row["what"].as_str().unwrap().to_owned(), |rule| rule.to_string())
}

fn evidence<'a>(rows: &'a [Value], rule: &str) -> &'a str {
    rows.iter().find(|row| name(row) == rule).unwrap()["evidence"].as_str().unwrap()
}

/// A manifest with this image, whose task asks for these variables.
fn with(name: &str, image: &str, environment: Value) -> Manifest {
    let (registry, image) = image.split_once('/').unwrap();
    let mut manifest = serving(name);
    manifest.0["product"]["build"]["binary"] = json!({ "registry": format!("http://{registry}"), "image": image });
    manifest.0["configuration"][0]["task"][0]["environment"] = environment;
    manifest
}

on_stage! {
    async fn what_keeps_the_rules_passes(stage: Stage) {
        let bench = Bench::new(stage);
        let image = bench.image("tests/good:1.0.0", GOOD);
        let (ran, rows) = bench.rows(&[&image], "").await;
        assert_eq!(ran.code, 0, "{ran:?}");
        // Without control groups, as here, Podman does not list processes (7).
        assert_eq!(those(&rows, "look"), ["4", "6", "7", "14", "15"], "{rows:#?}");
        for (rule, told) in [
            ("1", "sha256:"), ("2", "anew"), ("3", "A-Z0-9_"), ("5", "side by side"), ("8", "200"),
            ("9", "8080"), ("10", "1024 MiB"), ("11", "linux/amd64"), ("12", "came up in"), ("13", "after SIGTERM"),
            ("16", "It printed 1 line"), ("survives kill -9", "it came up"), ("writes to volumes only", "nothing"),
        ] {
            assert!(evidence(&rows, rule).contains(told), "{rule} {told}: {rows:#?}");
        }
        let strict = bench.certify(&[&image, "--strict"], "").await;
        assert!(strict.code == 1 && strict.stderr.contains("5 of 18 rules are not kept"), "{strict:?}");
        assert!(strict.stdout.starts_with(" RULE") && strict.stdout.lines().nth(1).unwrap().contains("look"), "{strict:?}");

        // The same from a manifest, which says more.
        let declared = json!([
            { "key": "NEEDED", "description": "A thing.", "required": true, "pattern": "[a-z]+" },
            { "key": "OTEL_EXPORTER_OTLP_ENDPOINT", "description": "Where traces go." },
        ]);
        let mut manifest = with("Good", &image, declared);
        manifest.0["configuration"][0]["task"][0]["instances_maximum"] = json!(1);
        let text = manifest.0.to_string();
        let (ran, rows) = bench.rows(&["-", "--env", "NEEDED=given"], &text).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(those(&rows, "look"), ["4", "7", "14"], "{rows:#?}");
        assert!(evidence(&rows, "10").contains("128 MiB") && evidence(&rows, "15").contains("OTEL_EXPORTER"), "{rows:#?}");

        // Several tasks, each of which is told of; one of them runs by a schedule.
        let folder = Path::new(&bench.stage.registry.path("package")).to_owned();
        let mut second = manifest.0["configuration"][0]["task"][0].clone();
        second["label"] = json!("nightly");
        second["cron"] = json!("0 3 * * *");
        second["ports"] = json!([]);
        manifest.0["configuration"][0]["task"].as_array_mut().unwrap().push(second);
        manifest.write(&folder);
        std::fs::write(folder.join("values"), "# What it needs.\nNEEDED=given\n").unwrap();
        let (folder, values) = (folder.display().to_string(), folder.join("values").display().to_string());
        let (ran, rows) = bench.rows(&[&folder, "--env-file", &values], "").await;
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(evidence(&rows, "9").starts_with("web: ") && evidence(&rows, "9").contains("nightly: "), "{rows:#?}");
    }

    async fn what_breaks_a_rule_fails_that_rule(stage: Stage) {
        let bench = Bench::new(stage);
        let cases: &[(&str, &str, &[&str], &str)] = &[
            ("deaf", "trap '' TERM\n/bin/busybox sh -c \"trap '' TERM; exec /bin/busybox httpd -f -p 8080 -h /www\"", &["13"], "killed"),
            ("logs", "echo x > /var/log/app\nexec /bin/busybox httpd -f -p 8080 -h /www", &["16"], "/var/log/app"),
            ("writes", "echo x > /data/cache\nexec /bin/busybox httpd -f -p 8080 -h /www", &["writes to volumes only"], "/data/cache"),
            ("silent", "exec /bin/busybox sleep 1000", &["9", "12"], "8080"),
            ("dies", "exit 3", &["12"], "code 3. It printed last: a [31mbstarts"),
            ("locks", "[ -e /www/lock ] && exit 4\necho > /www/lock\nexec /bin/busybox httpd -f -p 8080 -h /www", &["survives kill -9"], "code 4"),
            ("one-host", "/bin/busybox mkdir /www/cgi-bin\n\
                printf '#!/bin/busybox sh\\ncase \"$HTTP_HOST\" in [0-9]*) echo Status: 200 OK ;; *) echo Status: 404 No ;; esac\\necho\\n' > /www/cgi-bin/index.cgi\n\
                /bin/busybox chmod +x /www/cgi-bin/index.cgi\nexec /bin/busybox httpd -f -p 8080 -h /www", &["8"], "but 404 as one.certify.example.org"),
            ("endless", "/bin/busybox mkdir /www/cgi-bin\n\
                printf '#!/bin/busybox sh\\necho Status: 200 OK\\necho\\nexec /bin/busybox yes\\n' > /www/cgi-bin/index.cgi\n\
                /bin/busybox chmod +x /www/cgi-bin/index.cgi\nexec /bin/busybox httpd -f -p 8080 -h /www", &[], "answered with 200"),
            ("circling", "/bin/busybox mkdir /www/cgi-bin\n\
                printf '#!/bin/busybox sh\\necho Status: 302 Found\\necho Location: /\\necho\\n' > /www/cgi-bin/index.cgi\n\
                /bin/busybox chmod +x /www/cgi-bin/index.cgi\nexec /bin/busybox httpd -f -p 8080 -h /www", &[], "answered with 302"),
            ("no-http", "while true; do echo Hello | /bin/busybox nc -l -p 8080; done", &["9"], "no HTTP"),
        ];
        for (name, script, failed, told) in cases {
            // In one piece: of what is written piece by piece, engines make lines as they find it.
            let image = bench.image(&format!("tests/{name}:1.0.0"), &format!("printf 'a\\033[31mbstarts\\n'\n{script}\n"));
            // Only one is known to come up never; the others have all the time that a busy machine takes.
            let patience = if *name == "silent" { "4s" } else { "30s" };
            let (ran, rows) = bench.rows(&[&image, "--timeout", patience], "").await;
            assert_eq!((ran.code, those(&rows, "failed").join(" ")), (i32::from(!failed.is_empty()), failed.join(" ")), "{name}: {rows:#?}");
            let told_of = failed.last().unwrap_or(&"9");
            assert!(evidence(&rows, told_of).contains(told), "{name}: {rows:#?}");
            assert!(!ran.stdout.contains('\u{1b}'));
        }
    }

    async fn what_can_not_be_tried_is_told(stage: Stage) {
        let bench = Bench::new(stage);
        let registry = &bench.stage.registry;
        registry.push("tests/arm:1.0.0", &["linux/arm64"], "arm");
        let arm = format!("{}/tests/arm:1.0.0", registry.address);
        let (ran, rows) = bench.rows(&[&arm], "").await;
        assert_eq!((ran.code, those(&rows, "failed")), (1, vec!["11".to_owned()]), "{rows:#?}");
        // The same by what the engine says.
        let (ran, rows) = bench.rows(&[&arm, "--no-resolve"], "").await;
        assert_eq!((ran.code, those(&rows, "failed")), (1, vec!["11".to_owned()]), "{rows:#?}");

        let image = bench.image("tests/good:1.0.0", GOOD);
        let needs = json!([{ "key": "NEEDED", "description": "A thing.", "required": true, "pattern": "[a-z]+" }]);
        let text = with("Needy", &image, needs).0.to_string();
        let mut data = with("Data", &image, json!([]));
        data.0["product"]["build"].as_object_mut().unwrap().remove("binary");
        data.0["product"]["build"]["asset"] = json!("data.txt");
        let (nowhere, gone) = ("/nowhere.sock", format!("{}/tests/gone:1.0.0", registry.address));
        for (arguments, stdin, code, told) in [
            (&["-"][..], text.as_str(), 2, "NEEDED is required and has no value."),
            (&["-", "--env", "NEEDED=1"], &text, 2, "NEEDED does not match its pattern"),
            (&["-", "--env", "NEEDED"], &text, 2, "KEY=VALUE"),
            (&["-"], "{}", 1, "<stdin> is not valid"),
            (&["-"], &data.0.to_string(), 0, "has no image"),
            (&["Not An Image"], "", 2, "What is to be tried must be a repository"),
            (&["./nothing"], "", 5, "nothing"),
            (&[&gone], "", 5, "There is no image"),
            (&[&gone, "--no-resolve"], "", 5, "Can't pull"),
            (&["127.0.0.1:1/tests/app:1.0.0"], "", 8, "can't be reached"),
            (&[&image, "--docker-socket", nowhere], "", 8, "No container engine answers at /nowhere.sock"),
        ] {
            let ran = match arguments.contains(&nowhere) {
                true => bench.home.mkt(&[&["certify"], arguments].concat(), &[("MKT_NO_RESOLVE", "false")]).await,
                false => bench.certify(arguments, stdin).await,
            };
            assert!(ran.code == code && ran.stderr.contains(told), "{arguments:?}: {ran:?}");
        }
    }

    async fn nothing_is_left_when_it_is_interrupted(stage: Stage) {
        let bench = Bench::new(stage);
        let image = bench.image("tests/silent:1.0.0", "exec /bin/busybox sleep 1000");
        let socket = bench.stage.socket.display().to_string();
        let arguments = ["certify", "--docker-socket", &socket, &image];
        let start = || {
            let mut command = bench.home.command(&arguments, &[]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let started = async || {
            let begun = Instant::now();
            while bench.containers().is_empty() {
                assert!(begun.elapsed() < PATIENCE, "nothing is started");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let mut child = start();
        started().await;
        let inspected = bench.stage.registry.podman(&["inspect", "--format", "{{json .Config.Labels}} {{json .EffectiveCaps}}", &bench.containers()]);
        assert!(inspected.contains("io.mkt.certify\"") && !inspected.contains("io.mkt.platform"), "{inspected}");
        let process = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        assert_eq!((ended.code(), bench.containers().as_str()), (Some(130), ""));

        // What is killed can't clear up; the next one does when that is over.
        let old = ["run", "--detach", "--quiet", "--label", "io.mkt.certify=x", "--label", "io.mkt.certify-until=1000", &image];
        bench.stage.registry.podman(&old);
        bench.certify(&[&image, "--timeout", "1s"], "").await;
    }

    async fn a_server_has_submissions_certified(stage: Stage) {
        let bench = Bench::new(stage);
        let database = Database::sqlite();
        let command = format!(
            "{} certify - --docker-socket {} --env NEEDED=given --timeout 30s",
            env!("CARGO_BIN_EXE_mkt"),
            bench.stage.socket.display()
        );
        let arguments = ["--check-timeout", "120", "--rate-limit", "0"];
        let server = Server::start_with(&database, &arguments, &[("MKT_CHECK_COMMAND", &command)]).await;
        let needs = json!([{ "key": "NEEDED", "description": "A thing.", "required": true }]);
        let good = with("Good", &bench.image("tests/good:1.0.0", GOOD), needs.clone());
        let bad = with("Bad", &bench.image("tests/bad:1.0.0", &format!("echo x > /var/log/app\n{GOOD}")), needs);
        for (manifest, state) in [(&good, "published"), (&bad, "rejected")] {
            let (status, outcome) = server.send(Method::POST, "/packages", manifest.0.clone()).await;
            assert_eq!(status, StatusCode::OK, "{outcome}");
            let path = format!("/products/{}/builds/{}", manifest.product(), manifest.build());
            let begun = Instant::now();
            let build = loop {
                let build = server.get(&path).await;
                if build["state"] != "submitted" {
                    break build;
                }
                assert!(begun.elapsed() < 2 * PATIENCE, "{build}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            };
            assert_eq!(build["state"], state, "{build}");
            if state == "rejected" {
                let reason = build["rejection"].as_str().unwrap();
                let first = reason.lines().nth(1).unwrap();
                assert!(first.starts_with(" 16") && first.contains("FAILED") && first.contains("/var/log/app"), "{reason}");
            }
        }
        assert_eq!(bench.containers(), "");
    }
}
