//! The configuration: mistakes in it, and the commands that need none.

mod project;

use crate::project::Project;

#[test]
fn commands_that_need_no_configuration_do_not_read_it() {
    let project = Project::new();
    for (file, text) in [("gapless.toml", "nonsense"), (".env", "nonsense\n")] {
        project.write(file, text);
        assert!(project.output(&["completions", "bash"]).contains("gapless"));
        assert!(project.output(&["man"]).contains(".TH gapless"));
        if cfg!(feature = "lint") {
            assert!(project.output(&["lint", "--rules"]).contains("require-lock-timeout"));
        }
        let error = project.error(&["check"], 2);
        assert!(error.contains(file), "{error}");
        std::fs::remove_file(project.join(file)).unwrap();
    }
}

#[test]
fn mistakes_have_a_line_and_no_value() {
    let project = Project::new();
    for (text, message) in [
        ("layout = \"native\"\ndir = 3\n", "line 2: expected a directory or a list of directories"),
        ("\nlint = 3\n", "line 2: invalid type: integer, expected a table"),
        ("\n\nnumbering = \"secret\"\n", "line 3: unknown variant, expected `counter` or `date`"),
        ("dir = []\n", "`dir` names no directory\nhelp: "),
    ] {
        project.write("gapless.toml", text);
        let error = project.error(&["check"], 2);
        assert!(error.starts_with(&format!("error: gapless.toml cannot be used: {message}")), "{error}");
    }
    std::fs::remove_file(project.join("gapless.toml")).unwrap();
    for (text, line) in [
        ("A=1\nsecret\n", 2),
        ("# x\n\nA='1\n2'\nB secret\n", 5),
        ("A=1\r\nB='secret\r\nC=1\r\n", 2),
        ("A=${\n", 1),
    ] {
        project.write(".env", text);
        project.write("below/migrations/1_a.sql", "SELECT 1;\n");
        for at in ["", "below"] {
            let output = project.command(&["check"]).current_dir(project.join(at)).output().unwrap();
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{error}");
            assert!(
                error.contains(&format!(".env cannot be used: line {line} is not NAME=value"))
                    && !error.contains("secret"),
                "{text}: {error}"
            );
        }
    }
}

#[test]
fn a_directory_is_named_as_it_was_given() {
    let project = Project::new();
    project.write("a/migrations/1_a.sql", "SELECT 1;\n");
    let absolute = project.join("missing").display().to_string();
    let file = project.join("a/migrations/1_a.sql").display().to_string();
    for command in [&["check"][..], &["lock"], &["up", "--database-url=sqlite:app.db"]] {
        for (directory, message) in [
            (&*absolute, format!("error: the directory `{absolute}` does not exist\n")),
            (&*file, format!("error: `{file}` is a file, not a directory\n")),
            ("../nowhere", "error: the directory `../nowhere` does not exist\n".to_owned()),
            ("/", "error: `/` names no directory below the root\n".to_owned()),
        ] {
            let error = project.error(&[command, &["--dir", directory]].concat(), 2);
            assert!(error.starts_with(&message), "{command:?}: {error}");
            assert!(!error.contains("crate"), "{error}");
        }
    }
}

#[test]
fn config_shows_a_value_that_cannot_be_used_and_says_so() {
    let project = Project::new();
    for (option, value, reason) in [
        ("--layout", "rails", "unknown layout `rails`"),
        ("--dialect", "oracle", "unknown dialect `oracle`"),
        ("--dir", "*/x", "`*/x` begins with a `*`"),
    ] {
        let ended = project.run(&["config", option, value]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stdout.contains(value) && ended.stderr.contains(reason), "{ended:?}");
    }
    assert_eq!(project.run(&["config", "--dir", "missing"]).code, Some(0), "it may come yet");
}
