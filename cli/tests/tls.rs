//! The program against servers with certificates.

mod terminal;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use gapless_tests::server::{Server, unprivileged};
use terminal::Terminal;

/// Who may connect how. `carol` proves herself by a certificate.
const HBA: &str = "\
local all all trust
hostssl all carol all cert
host all carol all reject
hostssl all plain all reject
host all plain all trust
hostssl all encrypted all trust
host all encrypted all reject
host all wanda all scram-sha-256
host all all all trust
";

/// An authority; a server's certificate for `localhost` and a user's from it; another authority.
const SIGNED: &str = r#"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=authority -days 2
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
printf 'subjectAltName=DNS:localhost\n' >server.ext
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.crt
openssl req -newkey rsa:2048 -nodes -keyout carol.key -out carol.csr -subj /CN=carol
printf 'extendedKeyUsage=clientAuth\n' >carol.ext
openssl x509 -req -in carol.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile carol.ext -out carol.crt
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -subj /CN=stranger -days 2
"#;

/// A certificate that is its own authority, as the manual of Postgres makes it.
const SELF_SIGNED: &str = r#"
openssl req -x509 -newkey rsa:2048 -nodes -keyout server.key -out server.crt -subj /CN=localhost -days 2 \
    -addext subjectAltName=DNS:localhost
cp server.crt ca.crt
"#;

/// A server with the certificates that a script makes in its directory.
fn encrypted(script: &str) -> Server {
    let server = Server::start_new();
    let directory = server.directory();
    let mut shell = unprivileged(Path::new("sh"));
    shell.args(["-e", "-c", &format!("cd {}\n{script}", directory.display())]);
    let output = shell.output().expect("a shell starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut client = server.database("postgres", false).connect();
    client
        .batch_execute(
            "CREATE ROLE carol LOGIN SUPERUSER; CREATE ROLE plain LOGIN SUPERUSER; \
             CREATE ROLE encrypted LOGIN SUPERUSER; \
             CREATE ROLE wanda LOGIN SUPERUSER PASSWORD 'it''s @ se/cret'",
        )
        .expect("roles are created");
    for (name, file) in
        [("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key"), ("ssl_ca_file", "ca.crt")]
    {
        let path = directory.join(file);
        client.batch_execute(&format!("ALTER SYSTEM SET {name} = '{}'", path.display())).expect("it is set");
    }
    client.batch_execute("ALTER SYSTEM SET ssl = on").expect("it is set");
    fs::write(directory.join("data/pg_hba.conf"), HBA).expect("the file can be written");
    client.batch_execute("SELECT pg_reload_conf(), pg_sleep(0.5)").expect("it reads the files again");
    server
}

fn signed() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| encrypted(SIGNED))
}

/// The role, the application's name and the encryption of the session that the program opens; or what it says.
fn session(server: &Server, host: &str, options: &str) -> Result<String, String> {
    session_with(server, host, options, &[])
}

fn session_with(
    server: &Server,
    host: &str,
    options: &str,
    environment: &[(&str, &str)],
) -> Result<String, String> {
    let url = format!("host={host} port={} dbname=postgres {options}", server.port);
    let terminal = Terminal::new(url.replace("CERTS", &server.directory().to_string_lossy()));
    terminal.file(
        "migrations/1_who.sql",
        "DO $$ BEGIN RAISE EXCEPTION 'session: % % %', current_user, current_setting('application_name'),\n\
         (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()); END $$;\n",
    );
    let mut command = terminal.command("gapless up");
    let output = command.envs(environment.iter().copied()).output().expect("a shell starts");
    assert!(!output.status.success(), "the migration fails, or the connection: {output:?}");
    let text = String::from_utf8(output.stderr).expect("it is text");
    match text.split_once("session: ") {
        Some((_, session)) => Ok(session.lines().next().unwrap_or_default().to_owned()),
        None => Err(text),
    }
}

#[track_caller]
fn refused(outcome: Result<String, String>, because: &str, help: &str) {
    let text = outcome.expect_err("no connection is had");
    assert!(text.starts_with("error: cannot connect to database `postgres` at "), "{text}");
    assert!(text.contains(because) && text.contains(help), "{text}");
}

#[test]
fn each_mode_encrypts_as_libpq_does() {
    let server = signed();
    let user = |name: &str, mode: &str| session(server, "localhost", &format!("user={name} sslmode={mode}"));
    // The server takes both.
    for (mode, encrypted) in [("disable", "f"), ("allow", "f"), ("prefer", "t"), ("require", "t")] {
        assert_eq!(user("postgres", mode), Ok(format!("postgres gapless {encrypted}")), "{mode}");
    }
    // The server takes one of them for this role.
    for mode in ["disable", "allow", "prefer"] {
        assert_eq!(user("plain", mode), Ok("plain gapless f".to_owned()), "{mode}");
    }
    refused(user("plain", "require"), "pg_hba.conf", "");
    for mode in ["allow", "prefer", "require"] {
        assert_eq!(user("encrypted", mode), Ok("encrypted gapless t".to_owned()), "{mode}");
    }
    refused(user("encrypted", "disable"), "pg_hba.conf", "");
    // By a socket nothing is encrypted, and nothing needs to be.
    let socket = server.directory().to_string_lossy();
    assert_eq!(session(server, &socket, "user=plain sslmode=verify-full"), Ok("plain gapless f".to_owned()));
}

#[test]
fn a_server_without_encryption_is_refused_where_it_is_required() {
    let server = Server::start_new();
    assert_eq!(session(&server, "localhost", "user=postgres"), Ok("postgres gapless f".to_owned()));
    for mode in ["require", "verify-full sslrootcert=/etc/ssl/certs/ca-certificates.crt"] {
        let outcome = session(&server, "localhost", &format!("user=postgres sslmode={mode}"));
        refused(outcome, "server does not support TLS", "sslmode=disable");
    }
}

#[test]
fn certificates_are_checked_as_far_as_the_mode_says() {
    let server = signed();
    let check = |host: &str, options: &str| session(server, host, &format!("user=postgres {options}"));
    let trusted = Ok("postgres gapless t".to_owned());
    assert_eq!(check("localhost", "sslmode=verify-full sslrootcert=CERTS/ca.crt"), trusted);
    assert_eq!(check("127.0.0.1", "sslmode=verify-ca sslrootcert=CERTS/ca.crt"), trusted);
    refused(
        check("127.0.0.1", "sslmode=verify-full sslrootcert=CERTS/ca.crt"),
        "not valid for name",
        "help: connect by a name that the certificate has",
    );
    for mode in ["require", "verify-ca", "verify-full"] {
        let options = format!("sslmode={mode} sslrootcert=CERTS/other.crt");
        refused(
            check("localhost", &options),
            "issued by an unknown authority",
            "help: name the certificate of its authority",
        );
    }
    // The system's authorities do not know this one.
    for options in ["sslmode=verify-ca", "sslmode=verify-full", "sslmode=require sslrootcert=system"] {
        refused(check("localhost", options), "issued by an unknown authority", "sslrootcert");
    }
    // libpq looks for the root at the user's home.
    let home = tempfile::tempdir().expect("a directory is made");
    let file = home.path().join(".postgresql/root.crt");
    fs::create_dir(home.path().join(".postgresql")).expect("a directory is made");
    fs::copy(server.directory().join("ca.crt"), file).expect("a file is copied");
    let home = home.path().to_str().expect("it is text");
    let options = "user=postgres sslmode=verify-full";
    assert_eq!(session_with(server, "localhost", options, &[("HOME", home)]), trusted);
}

#[test]
fn a_self_signed_certificate_is_trusted_by_itself() {
    let server = encrypted(SELF_SIGNED);
    let check = |host: &str, options: &str| session(&server, host, &format!("user=postgres {options}"));
    let trusted = Ok("postgres gapless t".to_owned());
    assert_eq!(check("localhost", "sslmode=verify-full sslrootcert=CERTS/ca.crt"), trusted);
    assert_eq!(check("127.0.0.1", "sslmode=verify-ca sslrootcert=CERTS/ca.crt"), trusted);
    refused(check("127.0.0.1", "sslmode=verify-full sslrootcert=CERTS/ca.crt"), "not valid for name", "");
    refused(check("localhost", "sslmode=verify-full"), "certificate", "");
}

#[test]
fn a_client_proves_itself_by_its_certificate() {
    let server = signed();
    let options = "user=carol sslmode=require sslcert=CERTS/carol.crt sslkey=CERTS/carol.key";
    assert_eq!(session(server, "localhost", options), Ok("carol gapless t".to_owned()));
    refused(session(server, "localhost", "user=carol sslmode=require"), "certificate", "");
    let text = session(server, "localhost", "user=carol sslcert=CERTS/carol.crt sslkey=CERTS/none.key");
    assert!(text.expect_err("there is no key").contains("cannot read the key"));
}

#[test]
fn passwords_come_from_the_url_the_environment_or_the_password_file() {
    let server = signed();
    let role = Ok("wanda ops t".to_owned());
    let options = "user=wanda application_name=ops";
    assert_eq!(session(server, "localhost", &format!(r"{options} password='it\'s @ se/cret'")), role);
    let with = |name: &str, value: &str| session_with(server, "localhost", options, &[(name, value)]);
    assert_eq!(with("PGPASSWORD", "it's @ se/cret"), role);
    let file = tempfile::NamedTempFile::new().expect("a file is made");
    fs::write(file.path(), format!("localhost:{}:*:wanda:it's @ se/cret\n", server.port))
        .expect("it is written");
    assert_eq!(with("PGPASSFILE", &file.path().to_string_lossy()), role);
    refused(
        with("PGPASSWORD", "hunter2"),
        "password authentication failed",
        "help: correct user and password",
    );
    refused(session(server, "localhost", options), "password missing", "PGPASSWORD");
}
