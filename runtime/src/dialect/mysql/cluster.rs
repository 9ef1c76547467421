//! Galera. Its nodes know nothing of each other's named locks, and a node may answer with rows that others have replaced
//! already: the unique keys of the tracker's rows decide between runners, and each question waits for what it may not have
//! heard of.
//!
//! Sources: MariaDB Knowledge Base, "Galera Cluster System Variables" and "Galera Cluster Status Variables". The status
//! variable names a node as `mysql.wsrep_cluster_members` does, and by another name after each start.

/// The node that this session is on, `NULL` on a server without a cluster; an expression.
const NODE: &str = "/*M!100600 (SELECT nullif(VARIABLE_VALUE, '') FROM information_schema.GLOBAL_STATUS \
     WHERE VARIABLE_NAME = 'WSREP_GCOMM_UUID') */ /*!80000 NULL */";

/// The number of nodes; an expression.
const SIZE: &str = "(SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'WSREP_CLUSTER_SIZE')";

/// The questions that wait until the node has applied what the cluster had committed when they came.
pub(super) const WAITS: &str = "wsrep_sync_wait";

/// Reads, updates, deletions and insertions.
pub(super) const ALL: u32 = 7;

/// Rows of settings that only a node has, behind others.
pub(super) fn settings() -> String {
    format!(
        "/*M!100600 UNION ALL SELECT '{WAITS}', VARIABLE_VALUE FROM information_schema.SESSION_VARIABLES \
         WHERE VARIABLE_NAME = '{WAITS}' AND {} IS NOT NULL */",
        inner(NODE)
    )
}

/// Keeps the node for [`HERE`], as long as the session lasts.
pub(super) fn note() -> String {
    format!("SET @gapless_node = {NODE};\n")
}

/// Forgets it.
pub(super) const FORGET: &str = "SET @gapless_node = NULL;\n";

/// What stands behind a server's name where it is a node, once that has been noted; an expression.
pub(super) const HERE: &str = "coalesce(concat('/', @gapless_node), '')";

/// The same, asked; an expression.
pub(super) fn here() -> String {
    format!("coalesce(concat('/', {NODE}), '')")
}

/// A branch of a `CASE` that says 2 of a server's name that is another node's, unless this one is the last.
pub(super) fn elsewhere(server: &str) -> String {
    let node = inner(NODE);
    format!(
        "/*M!100600 WHEN {server} LIKE '%/%' AND {node} IS NOT NULL THEN CASE WHEN {SIZE} = 1 THEN 0 ELSE 2 END */"
    )
}

/// Selects the nodes; a role may lack the privilege.
pub(super) const MEMBERS: &str = "SELECT node_uuid FROM mysql.wsrep_cluster_members;\n";

/// MariaDB's part, for text that is MariaDB's anyway: such comments do not nest.
fn inner(expression: &str) -> &str {
    let part = expression.strip_prefix("/*M!100600 ").and_then(|rest| rest.split_once(" */"));
    part.map_or(expression, |(part, _)| part)
}
