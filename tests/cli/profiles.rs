//! Profiles: several marketplaces by name, and which of flags, environment and profile counts.

use crate::support::{Case, Home, mkt};

#[tokio::test]
async fn the_nearest_word_about_the_server_counts() {
    let home = Home::new();
    home.mkt(&["profile", "add", "work", "--server", "https://work.example.org"], &[]).await.ok();
    home.mkt(&["profile", "add", "test", "--server", "https://test.example.org/api"], &[]).await.ok();
    // Whoever is not signed in is told where, without a call.
    let cases: [Case; 7] = [
        (&[], &[], 4, "http://127.0.0.1:3000/"),
        (&["--profile", "work"], &[], 4, "https://work.example.org/"),
        (&[], &[("MKT_PROFILE", "test")], 4, "https://test.example.org/api"),
        (&["--profile", "work"], &[("MKT_PROFILE", "test")], 4, "https://work.example.org/"),
        (&["--profile", "work"], &[("MKT_SERVER", "https://env.example.org")], 4, "https://env.example.org/"),
        (&["--server", "https://flag.example.org"], &[("MKT_SERVER", "https://env.example.org")], 4, "https://flag."),
        (&[], &[("MKT_PROFILE", "")], 4, "http://127.0.0.1:3000/"),
    ];
    for (arguments, variables, code, server) in cases {
        let ran = home.mkt(&[&["whoami"], arguments].concat(), variables).await;
        assert_eq!(ran.code, code, "{arguments:?} {variables:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("not signed in to {server}")), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("mkt login"), "{}", ran.stderr);
    }
    home.mkt(&["profile", "use", "work"], &[]).await.ok();
    assert!(home.mkt(&["whoami"], &[]).await.stderr.contains("work.example.org"));
    let profiles = home.mkt(&["profile", "list", "--json"], &[]).await.json();
    assert_eq!(profiles.as_array().unwrap().len(), 3, "{profiles}");
    assert_eq!((&profiles[2]["name"], &profiles[2]["in_use"]), (&"work".into(), &true.into()));
    assert_eq!(home.mkt(&["profile", "list", "--output", "id"], &[]).await.ok(), "default\ntest\nwork\n");
    home.mkt(&["profile", "remove", "work"], &[]).await.ok();
    assert!(home.mkt(&["whoami"], &[]).await.stderr.contains("127.0.0.1:3000"));
    let list = home.mkt(&["profile", "list"], &[]).await.ok();
    assert!(!list.contains("work") && list.contains("in use"), "{list}");
}

#[tokio::test]
async fn mistakes_with_profiles_are_told_with_the_way_out() {
    let home = Home::new();
    home.mkt(&["profile", "add", "work", "--server", "https://work.example.org"], &[]).await.ok();
    let cases: [(&[&str], i32, &str); 8] = [
        (&["whoami", "--profile", "wrok"], 2, "Did you mean: work?"),
        (&["profile", "use", "wrok"], 2, "Did you mean: work?"),
        (&["profile", "remove", "x"], 2, "mkt profile add x"),
        (&["profile", "add", "work"], 6, "mkt profile remove work"),
        (&["profile", "add", "a b"], 2, "letters, digits"),
        (&["profile", "add", "a", "--server", "ftp://x"], 2, "http or https"),
        (&["profile", "add", "a", "--server", "x"], 2, "--server"),
        (&["profile"], 2, "remove"),
    ];
    for (arguments, code, message) in cases {
        let ran = home.mkt(arguments, &[]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
    }
    let nowhere = mkt(&["profile", "add", "a"], &[("HOME", "")]).await;
    assert!(nowhere.code == 2 && nowhere.stderr.contains("no place"), "{}", nowhere.stderr);
    assert!(mkt(&["profile", "list"], &[("HOME", "")]).await.ok().contains("127.0.0.1:3000"));
}

#[tokio::test]
async fn a_broken_file_is_told_with_the_place() {
    let home = Home::new();
    let cases = [
        ("profile = \"work\"\n[profiles.work]\nsever = \"https://x\"\n", ":3:1:", "sever"),
        ("[profiles.work]\nserver = \"nowhere\"\n", ":2:10:", "relative URL"),
        ("[profiles.work]\n", ":1:1:", "server"),
        ("profile = \"wo", ":1:", "config.toml"),
        ("profile = \"wrok\"\n[profiles.work]\nserver = \"https://x\"\n", "wrok", "Did you mean: work?"),
    ];
    for (text, place, message) in cases {
        home.put("config.toml", text);
        let ran = home.mkt(&["status"], &[]).await;
        assert_eq!(ran.code, 2, "{text}: {}", ran.stderr);
        assert!(ran.stderr.contains(place) && ran.stderr.contains(message), "{text}: {}", ran.stderr);
    }
}
