//! The program against servers of MariaDB: passwords, sockets, certificates, and what it says where it cannot connect.

#![cfg(all(unix, feature = "binary", feature = "mysql"))]

mod terminal;

use std::process::Command;
use std::sync::OnceLock;

use gapless_tests::mysql_server::{Server, programs, server};
use mysql::prelude::Queryable;
use terminal::Terminal;

/// An authority; a server's certificate for `localhost` and a user's from it; another authority.
const CERTIFICATES: &str = r#"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=authority -days 2
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost
printf 'subjectAltName=DNS:localhost\n' >server.ext
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.crt
openssl req -newkey rsa:2048 -nodes -keyout carol.key -out carol.csr -subj /CN=carol
printf 'extendedKeyUsage=clientAuth\n' >carol.ext
openssl x509 -req -in carol.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile carol.ext -out carol.crt
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -subj /CN=stranger -days 2
"#;

/// Tells who the session is, and if it is encrypted.
const WHO: &str = "\
SET @said = concat('session: ', current_user(), ' ', (SELECT if(VARIABLE_VALUE = '', 'plain', 'encrypted')
    FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'), '.');
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = @said;
";

/// A server with certificates, and the directory that holds them.
struct Encrypted {
    server: Server,
    certificates: tempfile::TempDir,
}

fn encrypted() -> &'static Encrypted {
    static SERVER: OnceLock<Encrypted> = OnceLock::new();
    SERVER.get_or_init(Encrypted::start)
}

impl Encrypted {
    fn start() -> Encrypted {
        let certificates = tempfile::tempdir().expect("a directory is made");
        let script = format!("cd {}\n{CERTIFICATES}", certificates.path().display());
        let made = Command::new("sh").args(["-e", "-c", &script]).output().expect("a shell starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let option =
            |name: &str, file: &str| format!("--{name}={}", certificates.path().join(file).display());
        let options =
            [option("ssl-cert", "server.crt"), option("ssl-key", "server.key"), option("ssl-ca", "ca.crt")];
        let server = Server::start_new(&programs(), &options.each_ref().map(|option| &**option));
        let mut client = server.connect();
        client.query_drop("CREATE DATABASE shop").expect("a database is created");
        for user in ["carol REQUIRE X509", "strict REQUIRE SSL", "wanda IDENTIFIED BY 'it''s @ se/cret'"] {
            client.query_drop(format!("CREATE USER {user}")).expect("a user is created");
            let name = user.split(' ').next().expect("a name");
            client.query_drop(format!("GRANT ALL ON shop.* TO {name}")).expect("it is granted");
        }
        Encrypted { server, certificates }
    }

    /// The user and the encryption of the session that the program opens; or what it says.
    fn session(&self, who: &str, options: &str) -> Result<String, String> {
        let place = format!("{who}:{}", self.server.port);
        let options = options.replace("CERTS", &self.certificates.path().to_string_lossy());
        session(&format!("mysql://{place}/shop?{options}"), &[])
    }
}

fn session(url: &str, environment: &[(&str, &str)]) -> Result<String, String> {
    let terminal = Terminal::new(url.to_owned());
    terminal.file("migrations/1_who.sql", WHO);
    let mut command = terminal.command("gapless up");
    let output = command.envs(environment.iter().copied()).output().expect("a shell starts");
    assert!(!output.status.success(), "the migration fails, or the connection: {output:?}");
    let text = String::from_utf8(output.stderr).expect("it is text");
    match text.split_once("session: ") {
        Some((_, session)) => Ok(session.split('.').next().unwrap_or_default().to_owned()),
        None => Err(text),
    }
}

#[track_caller]
fn refused(outcome: Result<String, String>, because: &str, help: &str) {
    let text = outcome.expect_err("no connection is had");
    assert!(text.starts_with("error: cannot connect to database `"), "{text}");
    assert!(text.contains(because) && text.contains(help), "{text}");
}

#[test]
fn each_mode_encrypts_as_its_name_says() {
    let server = encrypted();
    for (mode, found) in [
        ("disabled", "plain"),
        ("preferred", "encrypted"),
        ("REQUIRED", "encrypted"),
        ("prefer", "encrypted"),
    ] {
        let session = server.session("root@localhost", &format!("ssl-mode={mode}"));
        assert_eq!(session, Ok(format!("root@localhost {found}")), "{mode}");
    }
    assert_eq!(server.session("strict@localhost", ""), Ok("strict@% encrypted".to_owned()));
    refused(server.session("strict@localhost", "ssl-mode=disabled"), "Access denied", "");
    let unknown = server.session("root@localhost", "ssl-mode=sometimes").expect_err("there is no such mode");
    assert!(
        unknown.contains("known are disabled, preferred, required, verify-ca and verify-identity"),
        "{unknown}"
    );
}

#[test]
fn certificates_are_checked_as_far_as_the_mode_says() {
    let server = encrypted();
    let check = |host: &str, options: &str| server.session(&format!("root@{host}"), options);
    let trusted = Ok("root@localhost encrypted".to_owned());
    assert_eq!(check("localhost", "ssl-mode=verify-identity&ssl-ca=CERTS/ca.crt"), trusted);
    assert_eq!(check("127.0.0.1", "ssl-mode=VERIFY_CA&ssl-ca=CERTS/ca.crt"), trusted);
    assert_eq!(check("127.0.0.1", "ssl-mode=required&ssl-ca=CERTS/other.crt"), trusted);
    refused(
        check("127.0.0.1", "sslmode=verify-full&ssl-ca=CERTS/ca.crt"),
        "not valid for name",
        "help: connect by a name that the certificate has among its alternative names, or with ssl-mode=verify-ca",
    );
    // Who names an authority wants it checked.
    for options in ["ssl-ca=CERTS/other.crt", "ssl-mode=verify-ca", "ssl-mode=verify-identity"] {
        let help = "help: name the certificate of its authority with ssl-ca";
        refused(check("localhost", options), "issued by an unknown authority", help);
    }
    let missing = check("localhost", "ssl-ca=CERTS/none.crt").expect_err("there is no such file");
    assert!(missing.contains("cannot read the certificate"), "{missing}");
}

#[test]
fn a_client_proves_itself_by_its_certificate() {
    let server = encrypted();
    let own = "ssl-cert=CERTS/carol.crt&ssl-key=CERTS/carol.key";
    assert_eq!(server.session("carol@localhost", own), Ok("carol@% encrypted".to_owned()));
    refused(server.session("carol@localhost", ""), "Access denied for user 'carol'", "");
    let half = server.session("carol@localhost", "ssl-cert=CERTS/carol.crt").expect_err("it lacks the key");
    assert!(half.contains("ssl-cert and ssl-key belong together"), "{half}");
}

#[test]
fn an_encrypted_session_takes_leave_of_the_server() {
    let own = Encrypted::start();
    for mode in ["disabled", "required"] {
        assert!(own.session("root@localhost", &format!("ssl-mode={mode}")).is_ok());
        let log = own.server.log();
        assert!(!log.is_empty() && !log.contains("Aborted connection"), "{mode}: {log}");
    }
}

#[test]
fn a_server_without_encryption_is_refused_where_it_is_required() {
    let database = server().database();
    assert_eq!(session(&database.url(), &[]), Ok("root@localhost plain".to_owned()));
    for mode in ["required", "verify-identity&ssl-ca=/etc/ssl/certs/ca-certificates.crt"] {
        let outcome = session(&format!("{}?ssl-mode={mode}", database.url()), &[]);
        refused(
            outcome,
            "the server does not encrypt",
            "help: ssl-mode=disabled connects without encryption",
        );
    }
}

#[test]
fn passwords_come_from_the_url_or_the_environment() {
    let server = encrypted();
    let user = Ok("wanda@% encrypted".to_owned());
    assert_eq!(server.session("wanda:it's%20%40%20se%2Fcret@localhost", ""), user);
    let url = format!("mariadb://wanda@localhost:{}/shop", server.server.port);
    let with = |password: &str| session(&url, &[("MYSQL_PWD", password)]);
    assert_eq!(with("it's @ se/cret"), user);
    refused(
        with("hunter2"),
        "(using password: YES)",
        "help: correct user and password of the URL, or MYSQL_PWD",
    );
    assert!(!with("hunter2").unwrap_err().contains("hunter2"));
    refused(
        session(&url, &[]),
        "(using password: NO)",
        "help: give the password in the URL, or in MYSQL_PWD",
    );
}

#[test]
fn a_socket_is_named_by_its_path() {
    let database = server().database();
    let socket = server().directory().join("socket");
    let (name, socket) = (&database.name, socket.display());
    let by_parameter = session(&format!("mysql://root@/{name}?socket={socket}"), &[]);
    assert_eq!(by_parameter, Ok("root@localhost plain".to_owned()));
    let strict = format!("mysql://root@/{name}?unix_socket={socket}&ssl-mode=verify-identity");
    // Nobody else can listen there.
    assert_eq!(session(&strict, &[]), Ok("root@localhost plain".to_owned()));
    refused(
        session(&format!("mysql://root@/{name}?socket={socket}.none"), &[]),
        "No such file",
        "help: start the server",
    );
}

#[test]
fn what_keeps_it_from_connecting_is_said() {
    let mut terminal = Terminal::mysql();
    terminal.file("migrations/1_a.sql", "CREATE TABLE a (id int);\n");
    let place = terminal.url().rsplit_once('/').map(|(place, _)| place.to_owned()).unwrap_or_default();
    server().connect().query_drop("CREATE USER IF NOT EXISTS 'nobody'").expect("a user is created");
    terminal.run(&format!("gapless status --database-url '{place}/unknown'"));
    terminal.run(&format!("gapless status --database-url '{}/shop'", place.replace("root@", "nobody@")));
    terminal.run(&format!("gapless status --database-url '{}/shop'", place.replace("root@", "root:wrong@")));
    terminal.run(&format!("gapless status --database-url '{place}'"));
    terminal.run(&format!("gapless status --database-url '{place}/shop?charset=utf8'"));
    terminal.run("gapless status --database-url mysql://root@127.0.0.1:1/shop");
    terminal.run("gapless status --database-url 'mysql://root@one,two/shop'");
    terminal
        .run("gapless config --database-url 'mysql://shop:hunter2@db.internal:3307/shop?ssl_mode=required'");
    insta::assert_snapshot!(terminal.seen());
}
