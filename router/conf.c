/*
 * conf - the settings of sahaya-router as rows. See conf.h.
 */
#include <string.h>

#include "conf.h"

#define AT(field) offsetof(struct router_conf, field), sizeof(((struct router_conf *)0)->field)
#define TEXT(field, dflt, help) {#field, SAH_CONF_TEXT, AT(field), dflt, 0, 0, "", help}
#define FILE_(field, dflt, help) {#field, SAH_CONF_FILE, AT(field), dflt, 0, 0, "", help}
#define SECRET(field, dflt, help) {#field, SAH_CONF_SECRET, AT(field), dflt, 0, 0, "", help}
#define NUMBER(field, dflt, min, max, unit, help) {#field, SAH_CONF_NUMBER, AT(field), dflt, min, max, unit, help}

const struct sah_conf_row router_conf_rows[] = {
    TEXT(lane, NULL, "which lane this router is: emergency takes everything, bulk refuses P0-P2"),
    TEXT(http_address, "127.0.0.1", "address for agencies' statuses and ops"),
    NUMBER(http_port, "8090", 0, 65535, "port", "port of the same; 0 takes a free one and logs it"),
    FILE_(admin_socket, "", "unix socket (mode 0600) with the same paths and no token; empty = none"),
    TEXT(public_url, NULL, "how agencies reach this router, without a slash at the end: http://127.0.0.1:8090"),
    TEXT(bus, NULL, "ZeroMQ endpoint for adapters: ipc:///path"),
    FILE_(redis_socket, NULL, "unix socket of this lane's own Redis"),
    NUMBER(redis_deadline_ms, "1000", 20, 60000, "ms", "how long one call to Redis may take"),
    FILE_(journal_dir, "", "folder of this router's journal, its own and nobody else's: what Redis cannot take in time; empty = none"),
    SECRET(journal_key_file, "", "32 bytes or 64 hex digits: the journal is encrypted with it"),
    NUMBER(journal_max_mb, "256", 32, 65536, "MiB", "the journal's largest size; past four fifths of it bulk is refused"),
    NUMBER(journal_race_ms, "250", 20, 5000, "ms", "how long a P0 or P1 waits for Redis before the journal takes it"),
    NUMBER(journal_bring_per_s, "200", 1, 5000, "per s", "messages brought back into Redis when it is there again"),
    FILE_(agencies, NULL, "the roster: agencies.yaml"),
    FILE_(policy, NULL, "the rules of priority: policy.yaml"),
    FILE_(incidents, "", "when two reports are one incident: incidents.yaml; empty = they are not compared. Emergency lane only"),
    NUMBER(incidents_max, "20000", 100, 1000000, "", "live incidents kept in memory; later ones are not compared"),
    SECRET(admin_token_file, NULL, "bearer token for the quarantine and /ops/"),
    NUMBER(partitions, "1", 1, SAH_PARTITIONS_MAX, "", "partitions of senders; fixed at install"),
    NUMBER(jobs_max, "4096", 16, 100000, "", "messages and statuses under way at most; bulk, questions and statuses may use four fifths"),
    NUMBER(admission_queued_max, "2000000", 0, 1000000000, "",
           "bulk lane: past so many deliveries a new booking is refused with a time to try again; one takes about 1 kB of Redis; 0 = no limit"),
    NUMBER(admission_oldest_max_s, "43200", 0, 86400, "s",
           "bulk lane: the same for an agency whose oldest booking waits so long; they expire after 24 h; 0 = no limit"),
    NUMBER(drain_ms, "3000", 0, 60000, "ms", "at stop: how long deliveries in flight may still end"),
    TEXT(log_level, "info", "debug, info, warn or error"),
};
const size_t router_conf_n_rows = SAH_LEN(router_conf_rows);

int router_conf_check(const struct router_conf *conf, const char *path, enum sah_lane *ret_lane, struct sah_fault *fault)
{
    if (strcmp(conf->lane, "emergency") == 0) {
        *ret_lane = SAH_LANE_EMERGENCY;
    } else if (strcmp(conf->lane, "bulk") == 0) {
        *ret_lane = SAH_LANE_BULK;
    } else {
        sah_fault_set(fault, path, 0, "lane", "is \"%s\"; write emergency or bulk", conf->lane);
        return SAH_EINVAL;
    }
    if ((conf->journal_dir[0] == '\0') != (conf->journal_key_file[0] == '\0')) {
        sah_fault_set(fault, path, 0, conf->journal_dir[0] == '\0' ? "journal_dir" : "journal_key_file",
                      "is missing; a journal needs its folder and its key, or neither is set");
        return SAH_EINVAL;
    }
    if (strncmp(conf->bus, "ipc://", 6) != 0) {
        sah_fault_set(fault, path, 0, "bus", "must start with ipc:// (tcp is refused until it is encrypted); write ipc:///run/sahaya/emergency.bus");
        return SAH_EINVAL;
    }
    if (strncmp(conf->public_url, "http://", 7) != 0 && strncmp(conf->public_url, "https://", 8) != 0) {
        sah_fault_set(fault, path, 0, "public_url", "must start with http:// or https://; write http://127.0.0.1:8090");
        return SAH_EINVAL;
    }
    return SAH_OK;
}
