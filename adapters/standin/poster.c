/*
 * poster - the queue of POSTs, its retries. See poster.h.
 */
#include "poster.h"

#include <stdlib.h>
#include <string.h>

#define JOB_MAGIC  0x57a4d1b1u
#define TRIES      20
#define FIRST_MS   1000
#define LONGEST_MS 15000
#define TIMEOUT_MS 10000

struct sah_poster_job {
    uint32_t magic;
    struct sah_poster *poster;
    struct sah_poster_job *next, **link; /* in `waiting`, `flying` or `resting` */
    struct sah_http_send *send;          /* while it is under way */
    struct sah_timer *timer;             /* while it rests before the next try */
    char *url, *header_name, *header_value, *body;
    size_t body_len;
    unsigned tries;
    bool forgotten;
    sah_poster_fn *fn;
    void *data;
};

struct job_list {
    struct sah_poster_job *first, **end;
};

struct sah_poster {
    struct sah_loop *loop;
    struct sah_http_client *client;
    struct job_list waiting, flying, resting;
    unsigned n_flying, n_jobs;
    struct sah_timer *kick; /* starts waiting jobs, never from inside a caller */
};

static void list_init(struct job_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct job_list *list, struct sah_poster_job *job)
{
    job->next = NULL;
    job->link = list->end;
    *list->end = job;
    list->end = &job->next;
}

static void list_remove(struct job_list *list, struct sah_poster_job *job)
{
    *job->link = job->next;
    if (job->next != NULL)
        job->next->link = job->link;
    else
        list->end = job->link;
}

static void free_job(struct sah_poster_job *job)
{
    job->poster->n_jobs--;
    sah_timer_destroy(job->timer);
    free(job->url);
    free(job->header_name);
    if (job->header_value != NULL)
        explicit_bzero(job->header_value, strlen(job->header_value));
    free(job->header_value);
    free(job->body);
    job->magic = 0;
    free(job);
}

static void kick(struct sah_poster *poster)
{
    if (!sah_timer_active(poster->kick))
        sah_timer_start(poster->kick, 0);
}

/* The job is off every list. */
static void complete(struct sah_poster_job *job, int status)
{
    sah_poster_fn *fn = job->forgotten ? NULL : job->fn;
    void *data = job->data;

    free_job(job);
    if (fn != NULL)
        fn(data, status);
}

static bool is_trouble(const struct sah_http_answer *answer)
{
    return answer->fault != SAH_HTTP_FINE || answer->status >= 500 || answer->status == 408 ||
           answer->status == 425 || answer->status == 429;
}

static void on_rested(void *data)
{
    struct sah_poster_job *job = data;
    struct sah_poster *poster;

    SAH_CHECK(job, JOB_MAGIC);
    poster = job->poster;
    sah_timer_destroy(job->timer);
    job->timer = NULL;
    list_remove(&poster->resting, job);
    list_add(&poster->waiting, job);
    kick(poster);
}

static void rest(struct sah_poster_job *job)
{
    uint64_t wait_ms = FIRST_MS;

    for (unsigned i = 1; i < job->tries && wait_ms < LONGEST_MS; i++)
        wait_ms *= 2;
    if (sah_timer_create(job->poster->loop, on_rested, job, &job->timer) != SAH_OK) {
        complete(job, 0);
        return;
    }
    list_add(&job->poster->resting, job);
    sah_timer_start(job->timer, wait_ms < LONGEST_MS ? wait_ms : LONGEST_MS);
}

static void on_answer(void *data, const struct sah_http_answer *answer)
{
    struct sah_poster_job *job = data;
    struct sah_poster *poster;

    SAH_CHECK(job, JOB_MAGIC);
    poster = job->poster;
    job->send = NULL;
    list_remove(&poster->flying, job);
    poster->n_flying--;
    if (!job->forgotten)
        kick(poster);
    if (!job->forgotten && is_trouble(answer) && job->tries < TRIES &&
        answer->fault != SAH_HTTP_LOCAL)
        rest(job);
    else
        complete(job, answer->status);
}

static void start(struct sah_poster *poster, struct sah_poster_job *job)
{
    const struct sah_http_header headers[] = {
        {"Content-Type", "application/json"},
        {job->header_name, job->header_value},
    };
    const struct sah_http_request request = {
        .method = "POST",
        .url = job->url,
        .headers = headers,
        .n_headers = SAH_LEN(headers),
        .body = job->body,
        .body_len = job->body_len,
        .timeout_ms = TIMEOUT_MS,
    };

    list_remove(&poster->waiting, job);
    job->tries++;
    if (sah_http_send(poster->client, &request, on_answer, job, &job->send) != SAH_OK) {
        complete(job, 0);
        return;
    }
    list_add(&poster->flying, job);
    poster->n_flying++;
}

static void on_kick(void *data)
{
    struct sah_poster *poster = data;

    while (poster->waiting.first != NULL && poster->n_flying < SAH_POSTER_FLIGHTS)
        start(poster, poster->waiting.first);
}

int sah_poster_create(struct sah_loop *loop, struct sah_poster **ret_poster)
{
    struct sah_poster *poster = calloc(1, sizeof *poster);
    int err;

    if (poster == NULL)
        return SAH_ENOMEM;
    poster->loop = loop;
    list_init(&poster->waiting);
    list_init(&poster->flying);
    list_init(&poster->resting);
    err = sah_http_client_create(loop, &poster->client);
    if (err == SAH_OK)
        err = sah_timer_create(loop, on_kick, poster, &poster->kick);
    if (err != SAH_OK) {
        sah_poster_destroy(poster);
        return err;
    }
    *ret_poster = poster;
    return SAH_OK;
}

void sah_poster_destroy(struct sah_poster *poster)
{
    if (poster == NULL)
        return;
    while (poster->flying.first != NULL)
        sah_poster_cancel(poster->flying.first);
    while (poster->waiting.first != NULL)
        sah_poster_cancel(poster->waiting.first);
    while (poster->resting.first != NULL)
        sah_poster_cancel(poster->resting.first);
    sah_timer_destroy(poster->kick);
    sah_http_client_destroy(poster->client);
    free(poster);
}

int sah_poster_post(struct sah_poster *poster, const char *url, struct sah_http_header header,
                    struct sah_slice body, sah_poster_fn *fn, void *data,
                    struct sah_poster_job **ret_job)
{
    struct sah_poster_job *job;

    if (poster->n_jobs >= SAH_POSTER_JOBS)
        return SAH_ELIMIT;
    job = calloc(1, sizeof *job);
    if (job == NULL)
        return SAH_ENOMEM;
    job->magic = JOB_MAGIC;
    job->poster = poster;
    job->fn = fn;
    job->data = data;
    poster->n_jobs++;
    job->url = strdup(url);
    job->header_name = strdup(header.name);
    job->header_value = strdup(header.value);
    job->body = strndup(body.ptr, body.len);
    job->body_len = body.len;
    if (job->url == NULL || job->header_name == NULL || job->header_value == NULL ||
        job->body == NULL) {
        free_job(job);
        return SAH_ENOMEM;
    }
    list_add(&poster->waiting, job);
    kick(poster);
    if (ret_job != NULL)
        *ret_job = job;
    return SAH_OK;
}

void sah_poster_cancel(struct sah_poster_job *job)
{
    SAH_CHECK(job, JOB_MAGIC);
    job->forgotten = true;
    if (job->send != NULL) {
        sah_http_cancel(job->send); /* completes, and frees the job */
        return;
    }
    list_remove(job->timer != NULL ? &job->poster->resting : &job->poster->waiting, job);
    free_job(job);
}

unsigned sah_poster_open(const struct sah_poster *poster)
{
    return poster->n_jobs;
}
