//! A real registry (docker-registry), and real images that Podman builds and pushes. Nothing of it touches the machine's own
//! containers: storage and configuration are in a folder that goes with it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::stage;

/// A user of a registry that has some: name, password, and the bcrypt of that.
pub type User = (&'static str, &'static str, &'static str);

/// The users of the registries of tests.
pub const ALEX: User = ("alex", "a password", "$2b$04$k976OxEtb5.9P6WxGlF8Vu88d0HkY5KVpxhRGP42X.JHDq2PpvFNC");
pub const ROBIN: User = ("robin", "another one", "$2b$04$awmwDTMJGy.qf9cWeMofKuh7Tkdel9LwO5FtImg3yL/4vPtxLLIb2");

/// A registry without TLS. Dropping it ends it.
pub struct Registry {
    child: Child,
    folder: TempDir,
    pub address: String,
}

impl Registry {
    /// Starts a registry that anybody may use, or this user alone.
    pub async fn start(user: Option<User>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut configuration = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n",
            path("store").display()
        );
        if let Some((name, _, hash)) = user {
            std::fs::write(path("htpasswd"), format!("{name}:{hash}\n")).unwrap();
            let htpasswd = format!("auth: {{htpasswd: {{realm: tests, path: {}}}}}\n", path("htpasswd").display());
            configuration.push_str(&htpasswd);
        }
        for (name, text) in [
            (
                "containers.conf",
                // Limits that are the same, soft and hard: the engine's API takes one for the other.
                "[containers]\ncgroups=\"disabled\"\nlog_driver=\"k8s-file\"\n\
                 default_ulimits=[\"nofile=4096:4096\",\"nproc=4096:4096\"]\n\
                 [engine]\nruntime=\"crun\"\ncgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\n"
                    .to_owned()
                    + &format!("tmp_dir=\"{}\"\n", path("tmp").display())
                    + &format!(
                        "[network]\nnetwork_backend=\"netavark\"\nnetwork_config_dir=\"{}\"\n",
                        path("networks").display()
                    ),
            ),
            (
                "storage.conf",
                format!(
                    "[storage]\ndriver=\"vfs\"\ngraphroot=\"{}\"\nrunroot=\"{}\"\n",
                    path("graph").display(),
                    path("run").display()
                ),
            ),
            ("registries.conf", "[[registry]]\nlocation=\"127.0.0.1\"\ninsecure=true\n".to_owned()),
            (
                "Containerfile",
                "FROM scratch\nARG TEXT\nLABEL text=$TEXT\nCOPY Containerfile /file\nCMD [\"/file\"]\n".to_owned(),
            ),
        ] {
            std::fs::write(path(name), text).unwrap();
        }
        let (child, address) = serve(folder.path(), &configuration).await;
        let registry = Self { child, folder, address };
        if let Some((name, password, _)) = user {
            let authfile = registry.path("auth.json");
            registry.podman(&[
                "login",
                "--tls-verify=false",
                "--authfile",
                &authfile,
                "-u",
                name,
                "-p",
                password,
                &registry.address,
            ]);
        }
        registry
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Builds an image for these platforms, one or several, pushes it, and answers the digest that Podman says it has.
    pub fn push(&self, name: &str, platforms: &[&str], text: &str) -> String {
        let image = format!("{}/{name}", self.address);
        let (folder, text) = (self.folder.path().display().to_string(), format!("TEXT={text}"));
        let file = self.path("Containerfile");
        let build = |platform: &str, into: &str| {
            let of = ["-q", "--no-cache", "--platform", platform, "--build-arg", &text, "-f", &file];
            self.podman(&[&["build"], &of[..], &[into, &image, &folder]].concat());
        };
        let push = match platforms {
            [platform] => {
                build(platform, "-t");
                vec!["push", &image]
            }
            several => {
                self.podman(&["manifest", "create", &image]);
                several.iter().for_each(|platform| build(platform, "--manifest"));
                vec!["manifest", "push", "--all", &image]
            }
        };
        self.send(&push, &image)
    }

    /// Builds an image from a folder with a `Containerfile`, pushes it, and answers its digest.
    pub fn push_folder(&self, name: &str, folder: &Path, arguments: &[&str]) -> String {
        let (image, folder) = (format!("{}/{name}", self.address), folder.display().to_string());
        self.podman(&[&["build", "-q", "--no-cache", "-t", &image], arguments, &[&folder]].concat());
        let digest = self.send(&["push", &image], &image);
        // Whoever wants it has to pull it.
        self.podman(&["rmi", "--force", &image]);
        digest
    }

    /// Pushes what was built.
    fn send(&self, push: &[&str], image: &str) -> String {
        let (authfile, digest, to) = (self.path("auth.json"), self.path("digest"), format!("docker://{image}"));
        let mut push = [push, &["-q", "--tls-verify=false", "--digestfile", &digest]].concat();
        if Path::new(&authfile).exists() {
            push.extend(["--authfile", &authfile]);
        }
        push.push(&to);
        self.podman(&push);
        std::fs::read_to_string(&digest).unwrap()
    }

    /// Runs Podman to its end, and answers what it prints.
    pub fn podman(&self, arguments: &[&str]) -> String {
        let output = self.podman_command().args(arguments).output().expect("podman: run the tests with tests/run");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Podman with its own storage and settings.
    pub fn podman_command(&self) -> Command {
        let mut command = Command::new("podman");
        if rustix::process::geteuid().is_root() && !stage::is_here() {
            command = Command::new("unshare");
            command.args(["-m", "--propagation", "private", "sh", "-ec", PODMAN, "podman"]);
        }
        command
            .env("CONTAINERS_CONF", self.path("containers.conf"))
            .env("CONTAINERS_STORAGE_CONF", self.path("storage.conf"))
            .env("CONTAINERS_REGISTRIES_CONF", self.path("registries.conf"));
        command
    }
}

/// Podman as root, with whatever it keeps in the machine's own folders in memory instead.
const PODMAN: &str = "for folder in /run /var/lib/containers; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
exec podman \"$@\"";

/// Runs a registry on a port that nobody else has, which ends with the test even if that is killed.
async fn serve(folder: &Path, configuration: &str) -> (Child, String) {
    let file = folder.join("registry.yml");
    for _ in 0..10 {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        std::fs::write(&file, format!("{configuration}http: {{addr: \"{address}\"}}\n")).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "docker-registry", "serve"]).arg(&file);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        // One that ends at once has lost its port to another.
        while child.try_wait().unwrap().is_none() {
            if tokio::net::TcpStream::connect(&address).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if child.try_wait().unwrap().is_none() {
                    return (child, address);
                }
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the registry does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    panic!("docker-registry does not run: run the tests with tests/run");
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
