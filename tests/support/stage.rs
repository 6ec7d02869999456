//! A stage for real containers: Podman's socket and a registry in namespaces of their own, so that neither ports nor mounts nor
//! processes of the machine are touched, and everything ends with the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Registry;

/// Says to a test that it is on stage.
const HERE: &str = "MKT_TEST_STAGE";

/// What is set up in the new namespaces before the test runs. The control groups of the machine are out of reach.
const SETTING: &str = "umount /sys/fs/cgroup/unified 2>/dev/null || true
for folder in /run /dev/shm /var/lib/containers; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
ip link set lo up
\"$@\"";

/// Runs each test on a stage: `on_stage! { async fn name(stage: Stage) { … } }`. The test calls itself there.
macro_rules! on_stage {
    ($($(#[$attribute:meta])* async fn $name:ident($stage:ident: Stage) $body:block)+) => {
        $(
            $(#[$attribute])*
            #[tokio::test]
            async fn $name() {
                if $crate::support::stage::is_here() {
                    let $stage = $crate::support::Stage::open().await;
                    $body
                } else {
                    $crate::support::stage::enter(concat!(module_path!(), "::", stringify!($name)));
                }
            }
        )+
    };
}
pub(crate) use on_stage;

/// Whether this process is on a stage.
pub fn is_here() -> bool {
    std::env::var_os(HERE).is_some()
}

/// Runs a test of this binary on a stage of its own.
#[track_caller]
pub fn enter(test: &str) {
    let (_, test) = test.split_once("::").unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "-n", "-p", "--propagation", "private", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["sh", "-ec", SETTING, "stage"]).arg(std::env::current_exe().unwrap());
    let output = command.args(["--exact", test, "--nocapture"]).env(HERE, "true").output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // Containers take namespaces, which take root.
    assert!(output.status.success() && said.contains("1 passed"), "{test} on its stage:\n{said}\n{complained}");
}

/// A container engine and a registry.
pub struct Stage {
    pub registry: Registry,
    service: Child,
    /// The engine's socket, which speaks the API of Docker.
    pub socket: PathBuf,
}

impl Stage {
    pub async fn open() -> Self {
        let registry = Registry::start(None).await;
        let socket = PathBuf::from(registry.path("podman.sock"));
        let mut command = registry.podman_command();
        command.args(["system", "service", "--time=0"]).arg(format!("unix://{}", socket.display()));
        let service = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "Podman does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self { registry, service, socket }
    }

    /// An image whose task is a shell script, started by BusyBox and by nobody in particular. It may write to `/www`.
    pub fn image(&self, name: &str, script: &str) -> String {
        let file = "FROM scratch\nCOPY busybox /bin/busybox\nCOPY task /task\nCOPY --chown=65532 www /www\n\
                    USER 65532:65532\nENTRYPOINT [\"/bin/busybox\", \"sh\", \"/task\"]\n";
        self.image_of(name, script, file)
    }

    /// An image made by a `Containerfile` that has BusyBox, a script called `task` and an empty folder called `www`.
    pub fn image_of(&self, name: &str, script: &str, file: &str) -> String {
        let folder = Path::new(&self.registry.path("images")).join(name.replace(['/', ':'], "-"));
        std::fs::create_dir_all(folder.join("www")).unwrap();
        std::fs::copy("/bin/busybox", folder.join("busybox")).expect("busybox: run the tests with tests/run");
        std::fs::write(folder.join("task"), script).unwrap();
        std::fs::write(folder.join("Containerfile"), file).unwrap();
        self.registry.push_folder(name, &folder, &[])
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}
