//! Products as containers, by a real engine, from a real registry.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ward::{Agent, PATIENCE, Ward, serving};
use crate::support::{ALEX, Database, Manifest, Proxy, Registry, Stage, on_stage};

/// What the containers run: it serves its port, prints what it is given, and does as `MODE` says.
const TASK: &str = r#"
echo "starts $NAME $FHIR_URL"
case "$MODE" in
    dies) exit 3 ;;
    once) echo ran; exit 0 ;;
    deaf) trap '' TERM ;;
esac
printf '%s %s' "$NAME" "$FHIR_URL" > /www/index.html
exec /bin/busybox httpd -f -p 8080 -h /www
"#;

/// A ward whose agent has containers.
struct Docks {
    stage: Stage,
    ward: Ward,
}

impl Docks {
    async fn open(stage: Stage) -> Self {
        let ward = Ward::open(&Database::sqlite()).await;
        ward.operate("publish = \"127.0.0.1\"");
        Self { stage, ward }
    }

    /// A product with an image of the stage's registry, by its digest.
    fn product(&self, name: &str) -> Manifest {
        let digest = self.stage.image("tests/app:1.0.0", TASK);
        from(serving(name), &self.stage.registry.address, &format!("tests/app:1.0.0@{digest}"))
    }

    fn command(&self, more: &[&str]) -> Command {
        let socket = self.stage.socket.display().to_string();
        let arguments = [&["--runner", "docker", "--docker-socket", &socket], more].concat();
        self.ward.agent_command(&arguments, &self.ward.folder.join("state"), self.ward.server.url(""))
    }

    fn agent(&self) -> Agent {
        Agent::start(self.command(&[]))
    }

    /// The containers of an instance, as the engine tells of them.
    fn containers(&self, instance: &str) -> Vec<Value> {
        let label = format!("label=io.mkt.instance={instance}");
        loop {
            let ids = self.stage.registry.podman(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &label]);
            let ids: Vec<&str> = ids.lines().collect();
            if ids.is_empty() {
                return Vec::new();
            }
            let inspected = self.stage.registry.podman_command().arg("inspect").args(&ids).output().unwrap();
            // One may have gone in between.
            if inspected.status.success() {
                return serde_json::from_slice(&inspected.stdout).unwrap();
            }
        }
    }

    async fn until_gone(&self, instance: &str) {
        let begun = Instant::now();
        while !self.containers(instance).is_empty() {
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.containers(instance));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// A manifest with this image.
fn from(mut manifest: Manifest, registry: &str, image: &str) -> Manifest {
    manifest.0["product"]["build"]["binary"] = json!({ "registry": format!("http://{registry}"), "image": image });
    manifest
}

on_stage! {
    async fn what_is_deployed_runs(stage: Stage) {
        let docks = Docks::open(stage).await;
        let ward = &docks.ward;
        let (mut provider, mut app) = (docks.product("Provider"), docks.product("App"));
        let uri = "http://example.org/records";
        provider.0["product"]["build"]["exposes"] = json!([{ "uri": uri, "version": "1.0.0", "parameters": [{ "name": "url" }] }]);
        app.0["product"]["build"]["requires"] = json!([{ "uri": uri, "version": "1.0.0", "mappings": { "url": "FHIR_URL" } }]);
        app.0["configuration"][0]["task"][0]["instances_minimum"] = json!(2);
        ward.publish(&provider).await;
        ward.publish(&app).await;
        // Something else on the machine, with a name as ours would have.
        docks.stage.registry.podman(&["run", "--quiet", "--detach", "--name", "mkt-other", &format!("{}/tests/app:1.0.0", docks.stage.registry.address)]);
        let provider_id = ward.deploy(&provider, json!({})).await;
        let app_id = ward.deploy(&app, json!({ "NAME": "bound" })).await;
        let mut agent = docks.agent();
        let address = ward.address(&app_id).await;
        let given = ward.ask(&address).await.unwrap();
        let inner = given.strip_prefix("bound http://").unwrap();
        assert_eq!(ward.ask(inner).await.unwrap(), "Provider ", "it is reached where the other was told");
        let begun = Instant::now();
        while !ward.logs(&app_id).await.contains(&format!("[web 1] starts bound http://{inner}\n")) {
            assert!(begun.elapsed() < PATIENCE, "{}", ward.logs(&app_id).await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }

        // Two replicas, as bounded as they are to be.
        let containers = docks.containers(&app_id);
        assert_eq!(containers.len(), 2);
        for container in &containers {
            let (host, config) = (&container["HostConfig"], &container["Config"]);
            assert_eq!((&host["Memory"], &host["MemorySwap"]), (&json!(128 << 20), &json!(128 << 20)));
            assert_eq!(host["RestartPolicy"]["Name"], "");
            assert_eq!(container["EffectiveCaps"].as_array().map_or(0, Vec::len), 0, "{container}");
            assert_eq!(config["Labels"]["io.mkt.platform"], ward.platform.as_str());
            let image = app.0["product"]["build"]["binary"]["image"].as_str().unwrap();
            assert!(image.ends_with(container["ImageDigest"].as_str().unwrap()), "{image}: {container}");
        }

        // The agent dies; the next one takes over what runs, and touches nothing else.
        agent.kill();
        let mut agent = docks.agent();
        agent.logs("running").await;
        assert_eq!(docks.containers(&app_id), containers);
        assert_eq!(agent.stop().await, Some(0));
        let _agent = docks.agent();
        ward.change(&app_id, json!({ "wanted": "stopped" })).await;
        ward.until(&app_id, "stopped").await;
        assert!(docks.containers(&app_id).is_empty());
        // A container that somebody removes comes back.
        let first = docks.containers(&provider_id);
        docks.stage.registry.podman(&["rm", "--force", "--time", "0", first[0]["Id"].as_str().unwrap()]);
        let again = ward.until_report(&provider_id, |report| {
            report["state"] == "running" && report["detail"]["tasks"][0]["id"] != first[0]["Id"]
        });
        again.await;
        ward.server.request(reqwest::Method::DELETE, &format!("{}/instances/{provider_id}", ward.path)).send().await.unwrap();
        docks.until_gone(&provider_id).await;
        let running = docks.stage.registry.podman(&["ps", "--format", "{{.Names}}"]);
        assert_eq!(running.trim(), "mkt-other");
    }

    async fn builds_replace_one_another_and_deaf_ones_are_killed(stage: Stage) {
        let docks = Docks::open(stage).await;
        let ward = &docks.ward;
        let first = docks.product("Mover");
        ward.publish(&first).await;
        let id = ward.deploy(&first, json!({ "MODE": "deaf" })).await;
        let _agent = docks.agent();
        ward.address(&id).await;
        let old = docks.containers(&id);
        let next = async |version: &str, mode: &str| {
            let mut next = first.next_version(version);
            next.0["configuration"][0]["task"][0]["environment"][0]["default"] = json!(version);
            next.0["configuration"][0]["task"][0]["environment"][1]["default"] = json!(mode);
            ward.publish_build(&next).await;
            ward.server.send(reqwest::Method::POST, &format!("{}/instances/{id}/update", ward.path), json!({})).await;
        };
        ward.change(&id, json!({ "launch_bindings": {} })).await;
        next("2.0.0", "fine").await;
        let moved = ward.until_report(&id, |report| report["state"] == "running" && report["detail"]["version"] == "2.0.0").await;
        assert_eq!(ward.ask(moved["detail"]["tasks"][0]["address"].as_str().unwrap()).await.unwrap(), "2.0.0 ");
        let begun = Instant::now();
        while docks.containers(&id).iter().any(|container| container["Id"] == old[0]["Id"]) {
            assert!(begun.elapsed() < Duration::from_secs(25), "the deaf one outlived its grace");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let current = docks.containers(&id);
        next("3.0.0", "dies").await;
        let failed = ward.until(&id, "failed").await;
        let message = failed["message"].as_str().unwrap();
        assert!(message.starts_with("Task web ended with code 3.") && message.ends_with("What ran before runs on."), "{message}");
        assert!(ward.logs(&id).await.contains("starts 3.0.0"));
        ward.server.send(reqwest::Method::POST, &format!("{}/instances/{id}/rollback", ward.path), json!({})).await;
        ward.until(&id, "running").await;
        assert_eq!(docks.containers(&id), current, "it was never stopped");
    }

    async fn what_is_not_the_image_that_was_meant_does_not_run(stage: Stage) {
        let docks = Docks::open(stage).await;
        let ward = &docks.ward;
        let registry = &docks.stage.registry;
        let gone = from(serving("Gone"), &registry.address, &format!("tests/app:1.0.0@sha256:{}", "0".repeat(64)));
        let arm = registry.push("tests/arm:1.0.0", &["linux/arm64"], "arm");
        let foreign = from(serving("Foreign"), &registry.address, &format!("tests/arm:1.0.0@{arm}"));
        let good = docks.product("Good");
        let digest = good.0["product"]["build"]["binary"]["image"].as_str().unwrap().split_once('@').unwrap().1.to_owned();
        let liar = super::liar::start(&registry.address, &digest).await;
        let forged = from(serving("Forged"), &liar, &format!("tests/app:1.0.0@{digest}"));
        let loose = from(serving("Loose"), &registry.address, "tests/app:1.0.0");
        let mut ids = Vec::new();
        for manifest in [&gone, &foreign, &forged, &loose] {
            ward.publish(manifest).await;
            ids.push(ward.deploy(manifest, json!({})).await);
        }
        let _agent = Agent::start(docks.command(&["--require-digest"]));
        for (id, told) in ids.iter().zip(["Can't pull", "made for arm64", "Can't pull", "its image is not named by digest"]) {
            let message = ward.until(id, "failed").await["message"].as_str().unwrap().to_owned();
            assert!(message.contains(told) && !message.contains('\n'), "{told}: {message}");
            assert!(docks.containers(id).is_empty());
        }
    }

    async fn private_images_take_credentials(stage: Stage) {
        let docks = Docks::open(stage).await;
        let ward = &docks.ward;
        let private = Registry::start(Some(ALEX)).await;
        let folder = docks.stage.registry.path("images/tests-app-1.0.0");
        docks.stage.image("tests/app:1.0.0", TASK);
        let digest = private.push_folder("tests/app:1.0.0", Path::new(&folder), &[]);
        let product = from(serving("Private"), &private.address, &format!("tests/app:1.0.0@{digest}"));
        ward.publish(&product).await;
        let id = ward.deploy(&product, json!({})).await;
        let agent = docks.agent();
        ward.until(&id, "failed").await;
        drop(agent);
        let settings = ward.folder.join("docker");
        std::fs::create_dir_all(&settings).unwrap();
        std::fs::copy(private.path("auth.json"), settings.join("config.json")).unwrap();
        let mut command = docks.command(&[]);
        command.env("DOCKER_CONFIG", settings);
        let agent = Agent::start(command);
        ward.until(&id, "running").await;
        assert!(!agent.log().contains(ALEX.1));
    }

    async fn a_pull_that_is_cut_off_is_done_again(stage: Stage) {
        let docks = Docks::open(stage).await;
        let ward = &docks.ward;
        docks.stage.image("tests/app:1.0.0", TASK);
        // So large that it can't have arrived when the network goes.
        let folder = docks.stage.registry.path("images/tests-app-1.0.0");
        let mut noise = vec![0_u8; 24 << 20];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut noise).unwrap();
        std::fs::write(format!("{folder}/www/noise"), noise).unwrap();
        let digest = docks.stage.registry.push_folder("tests/app:1.0.0", Path::new(&folder), &[]);
        let proxy = Proxy::to(vec![docks.stage.registry.address.clone()]).await;
        proxy.let_through(Some(4 << 20));
        let product = from(serving("Far"), &proxy.address.to_string(), &format!("tests/app:1.0.0@{digest}"));
        ward.publish(&product).await;
        let id = ward.deploy(&product, json!({})).await;
        let _agent = docks.agent();
        let failed = ward.until(&id, "failed").await;
        assert!(failed["message"].as_str().unwrap().contains("Can't pull"), "{failed}");
        assert!(docks.containers(&id).is_empty());
        proxy.let_through(None);
        ward.until(&id, "running").await;
    }

    async fn an_agent_may_die_at_any_moment(stage: Stage) {
        let docks = Docks::open(stage).await;
        let ward = &docks.ward;
        let product = docks.product("Tough");
        ward.publish(&product).await;
        let id = ward.deploy(&product, json!({})).await;
        for turn in 0..12 {
            let mut agent = docks.agent();
            tokio::time::sleep(Duration::from_millis(120 * turn)).await;
            agent.kill();
        }
        let mut agent = docks.agent();
        let running = ward.until_report(&id, |report| report["state"] == "running").await;
        assert_eq!(docks.containers(&id).len(), 1, "nothing twice: {running}");
        agent.kill();
        ward.change(&id, json!({ "wanted": "stopped" })).await;
        for turn in 0..6 {
            let mut agent = docks.agent();
            tokio::time::sleep(Duration::from_millis(150 * turn)).await;
            agent.kill();
        }
        let _agent = docks.agent();
        ward.until(&id, "stopped").await;
        docks.until_gone(&id).await;
    }

    async fn what_has_a_schedule_runs_when_it_is_due(stage: Stage) {
        let docks = Docks::open(stage).await;
        let ward = &docks.ward;
        let mut timed = docks.product("Timed");
        timed.0["configuration"][0]["task"][0]["cron"] = json!("* * * * *");
        timed.0["configuration"][0]["task"][0]["environment"][1]["default"] = json!("once");
        ward.publish(&timed).await;
        let id = ward.deploy(&timed, json!({})).await;
        let _agent = docks.agent();
        ward.until(&id, "running").await;
        let begun = Instant::now();
        while !ward.logs(&id).await.contains("[web] ran") {
            assert!(begun.elapsed() < Duration::from_secs(80), "{}", ward.logs(&id).await);
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        docks.until_gone(&id).await;
    }

    async fn doctors_look_at_the_engine(stage: Stage) {
        let docks = Docks::open(stage).await;
        let examine = |socket: &Path| {
            let socket = socket.display().to_string();
            let arguments = ["doctor", "--runner", "docker", "--docker-socket", &socket];
            let mut command = docks.ward.agent_command(&arguments, &docks.ward.folder.join("state"), docks.ward.server.url(""));
            let output = command.output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let (code, found) = examine(&docks.stage.socket);
        assert!(code == Some(0) && found.contains("answers, with 0 tasks"), "{found}");
        let (code, found) = examine(Path::new("/nowhere.sock"));
        assert!(code == Some(1) && found.contains("No container engine answers at /nowhere.sock"), "{found}");
    }

    async fn pulls_that_hang_hold_up_nothing_else(stage: Stage) {
        let docks = Docks::open(stage).await;
        let ward = &docks.ward;
        let product = docks.product("Lively");
        ward.publish(&product).await;
        let lively = ward.deploy(&product, json!({})).await;
        let _agent = docks.agent();
        ward.until(&lively, "running").await;
        // A registry that takes connections and says nothing.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = silent.local_addr().unwrap().to_string();
        let far = from(serving("Far"), &address, &format!("tests/app:1.0.0@sha256:{}", "0".repeat(64)));
        ward.publish(&far).await;
        let mut hanging = Vec::new();
        for _ in 0..10 {
            hanging.push(ward.deploy(&far, json!({})).await);
        }
        ward.until(&hanging[0], "pulling").await;
        let first = docks.containers(&lively)[0]["Id"].clone();
        docks.stage.registry.podman(&["rm", "--force", "--time", "0", first.as_str().unwrap()]);
        let again = ward.until_report(&lively, |report| report["state"] == "running" && report["detail"]["tasks"][0]["id"] != first);
        again.await;
        ward.change(&hanging[0], json!({ "wanted": "stopped" })).await;
        let begun = Instant::now();
        ward.until(&hanging[0], "stopped").await;
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    }
}
