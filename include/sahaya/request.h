/*
 * request - what a citizen's message carries. Plain values, filled by an adapter, read by a router.
 *
 * Every text is UTF-8 and bounded by its array; the codecs of message.h refuse what does not fit.
 * Source: domain.md section 7 with the design's names (services and channels are strings, so that
 * adding one changes no schema).
 */
#ifndef SAHAYA_REQUEST_H
#define SAHAYA_REQUEST_H

#include <sahaya/status.h>

#define SAH_TEXT_MAX 4096 /* bytes of the citizen's words, kept exactly */
#define SAH_MEDIA_MAX 10
#define SAH_PLACES_MAX 4
#define SAH_CUES_MAX 16
#define SAH_ADDITIONAL_MAX 6
#define SAH_RED_FLAGS_MAX 8

#define SAH_SERVICE_SIZE 24 /* "AMBULANCE_108", "HELPLINE_14416"...: [A-Z0-9_], with NUL */
#define SAH_TYPE_SIZE 24    /* incident type: "CARDIAC", "GASLEAKI"... (domain 1.3) */
#define SAH_CUE_SIZE 32     /* "not_breathing", "chest_pain"...: [a-z0-9_] */
#define SAH_RULE_SIZE 40
#define SAH_CHANNEL_SIZE 17 /* [a-z0-9-] */
#define SAH_ACCOUNT_SIZE 65 /* the number or page that was written to */
#define SAH_CHANNEL_MESSAGE_SIZE 257
#define SAH_SENDER_SIZE 161 /* the channel's key of the citizen: opaque to the router */
#define SAH_CALLBACK_SIZE 21 /* a phone number a dispatcher may call, digits with optional '+' */
#define SAH_NAME_SIZE 129
#define SAH_REPLY_TOKEN_SIZE 513 /* opaque: handed back with every reply to this citizen */
#define SAH_LANGUAGE_SIZE 9      /* te hi ur en te-Latn hi-Latn ur-Latn mixed */
#define SAH_LANGUAGE_UNKNOWN ""

enum sah_tri { SAH_TRI_UNKNOWN = 0, SAH_TRI_YES, SAH_TRI_NO };

#define SAH_ENVIRONMENTS(X) X(UNSPECIFIED) X(LIVE) X(TEST) X(EXERCISE)
enum sah_environment { /* UNSPECIFIED counts as LIVE */
#define X(name) SAH_ENVIRONMENT_##name,
    SAH_ENVIRONMENTS(X)
#undef X
};

#define SAH_ROLES(X) X(UNSPECIFIED) X(PATIENT) X(REPORTER) X(RELATIVE) X(WITNESS)
enum sah_role {
#define X(name) SAH_ROLE_##name,
    SAH_ROLES(X)
#undef X
};

#define SAH_COMM_PREFS(X) X(UNSPECIFIED) X(ANY) X(TEXT_ONLY) X(SILENT) X(CALL_OK)
enum sah_comm_pref { /* TEXT_ONLY: deaf, no call-back as the only path; SILENT: covert caller */
#define X(name) SAH_COMM_PREF_##name,
    SAH_COMM_PREFS(X)
#undef X
};

/* Flags of struct sah_citizen.vulnerable. A flag is set only when stated, never guessed. */
enum {
    SAH_VULNERABLE_PREGNANT = 1, SAH_VULNERABLE_UNDER_5 = 2, SAH_VULNERABLE_OVER_65 = 4,
    SAH_VULNERABLE_DISABLED = 8, SAH_VULNERABLE_ALONE = 16, SAH_VULNERABLE_MINOR = 32,
    SAH_VULNERABLE_NO_SHELTER = 64, SAH_VULNERABLE_VOICE_FAILED = 128, /* "108 does not answer" */
};

struct sah_citizen {
    char channel[SAH_CHANNEL_SIZE];
    char account[SAH_ACCOUNT_SIZE];
    char channel_message[SAH_CHANNEL_MESSAGE_SIZE]; /* the channel's own message id */
    char sender[SAH_SENDER_SIZE];
    char callback[SAH_CALLBACK_SIZE]; /* "" = none known */
    char name[SAH_NAME_SIZE];         /* citizen-chosen, untrusted */
    char reply_token[SAH_REPLY_TOKEN_SIZE];
    char language[SAH_LANGUAGE_SIZE];
    enum sah_role role;
    enum sah_comm_pref comm_pref;
    uint32_t vulnerable;
    bool forwarded, often_forwarded;
};

struct sah_media { /* by reference only */
    char ref[257];
    char mime[65];
    char sha256[65]; /* hex, "" = unknown */
    uint64_t bytes;
    uint32_t duration_ms;
};

#define SAH_PLACE_KINDS(X) X(UNSPECIFIED) X(ROUTING) X(CALLER) X(INITIAL_INCIDENT) X(CURRENT_INCIDENT) X(DESTINATION)
enum sah_place_kind {
#define X(name) SAH_PLACE_##name,
    SAH_PLACE_KINDS(X)
#undef X
};
#define SAH_PLACE_METHODS(X) X(UNSPECIFIED) X(GPS_PIN) X(LIVE) X(TEXT_GEOCODED) X(LANDMARK) X(PROFILE) X(DEFAULT)
enum sah_place_method {
#define X(name) SAH_METHOD_##name,
    SAH_PLACE_METHODS(X)
#undef X
};

struct sah_place { /* WGS84, 1e-7 degree; +-900000000 and +-1800000000 */
    enum sah_place_kind kind;
    enum sah_place_method method;
    bool has_point;
    int32_t lat_e7, lon_e7;
    uint32_t radius_m; /* uncertainty; 0 = unknown */
    int64_t observed_ms;
    char address[1025]; /* as typed */
    char landmark[257];
    char floor[17];
    char village[65], mandal[65];
    char district[33]; /* id of the district table, "" = unknown */
    char pincode[7];   /* six digits or "" */
    uint8_t confidence; /* 0-100 */
    enum sah_tri in_state;
};

struct sah_cue {
    char name[SAH_CUE_SIZE];
    uint32_t start, len; /* bytes of the citizen's text */
    bool negated;
};

struct sah_triage { /* what an adapter understood; advice to a dispatcher, no diagnosis */
    char service[SAH_SERVICE_SIZE]; /* "" counts as UNKNOWN: a person must look */
    unsigned n_additional;
    char additional[SAH_ADDITIONAL_MAX][SAH_SERVICE_SIZE];
    char incident_type[SAH_TYPE_SIZE];
    unsigned n_cues;
    struct sah_cue cues[SAH_CUES_MAX];
    char rule[SAH_RULE_SIZE];
    char lexicon_version[25];
    uint8_t confidence; /* 0-100 */
    uint8_t suspicion;  /* 0-100; orders within a class at most */
    uint32_t patients;  /* 0 = unknown */
    enum sah_tri trapped;
    bool needs_person;
};

/* What a service asks for (domain 7.5). Codes are short texts of the data files. */
struct sah_ambulance {
    enum sah_tri conscious, breathing, bleeding;
    uint32_t age_years, age_months;
    char sex[8];
    uint32_t pregnant_weeks, patients;
    char complaint[SAH_TYPE_SIZE];
    char cause[129], hazards[129], destination[129];
    bool voice_attempted;
};
struct sah_transport {
    char trip[17]; /* TO_FACILITY CHECKUP DROP_BACK INFANT */
    char beneficiary[33];
    int64_t due_date_ms;
    uint32_t infant_age_days, attendants;
    char facility[129];
    int64_t pickup_from_ms, pickup_until_ms;
    unsigned n_red_flags;
    char red_flags[SAH_RED_FLAGS_MAX][SAH_CUE_SIZE];
};
struct sah_fire {
    char class[17]; /* STRUCTURE VEHICLE OUTDOOR ELECTRICAL INDUSTRIAL GAS_LEAK EXPLOSION RESCUE... */
    char floor[17], floors_total[17];
    enum sah_tri people_inside, smoke_only, cylinders, everyone_out;
    uint32_t people_count;
    char fuel[65], access_note[257];
};
struct sah_lpg {
    char op[17];      /* BOOK STATUS CANCEL COMPLAINT PRICE SUBSIDY CONNECTION */
    char company[17]; /* indane hp bharat, "" = not said */
    char consumer_no[33], lpg_id[18], distributor[33];
    uint32_t cylinder_kg_x10; /* 142, 50, 190 */
    char area_class[9];       /* URBAN RURAL REMOTE */
    int64_t last_delivery_ms, earliest_allowed_ms;
    char booking_ref[SAH_CASE_SIZE];
    enum sah_reason refusal;
}; /* no delivery code field, on purpose (domain 3.2) */
struct sah_helpline {
    char line[9]; /* "1930" */
    char topic[65];
    enum sah_tri danger_now;
    char safe_contact_note[257];
};
enum sah_payload_kind {
    SAH_PAYLOAD_NONE = 0, SAH_PAYLOAD_AMBULANCE, SAH_PAYLOAD_TRANSPORT, SAH_PAYLOAD_FIRE,
    SAH_PAYLOAD_LPG, SAH_PAYLOAD_HELPLINE,
};
struct sah_payload {
    enum sah_payload_kind kind;
    union {
        struct sah_ambulance ambulance;
        struct sah_transport transport;
        struct sah_fire fire;
        struct sah_lpg lpg;
        struct sah_helpline helpline;
    } u;
};

struct sah_request {
    enum sah_urgency urgency;
    struct sah_citizen citizen;
    uint32_t text_len;
    char text[SAH_TEXT_MAX + 1]; /* exact; broken UTF-8 is replaced by U+FFFD and flagged */
    bool text_broken;
    unsigned n_media;
    struct sah_media media[SAH_MEDIA_MAX];
    unsigned n_places;
    struct sah_place places[SAH_PLACES_MAX];
    struct sah_triage triage;
    struct sah_payload payload;
    char related_request_id[SAH_REQUEST_ID_SIZE]; /* "the booking in which gas was smelt"; "" = none */
};

/* What changes in a request after it was accepted. `part` holds the changed parts only. */
#define SAH_AMENDMENT_KINDS(X) \
    X(UNSPECIFIED) X(TEXT) X(PLACE) X(MEDIA) X(TRIAGE) X(ANSWER) X(REPEAT) X(PAUSE) X(RESUME) X(CITIZEN_SILENT) \
    X(ANSWERED) X(REPORTS)
enum sah_amendment_kind {
#define X(name) SAH_AMENDMENT_##name,
    SAH_AMENDMENT_KINDS(X)
#undef X
};
const char *sah_amendment_kind_name(enum sah_amendment_kind kind);

#endif
