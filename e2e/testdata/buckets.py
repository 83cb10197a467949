# What a team does with buckets of its own, through the front door: each user its own, and
# only that. usage: buckets.py ENDPOINT   keys in KEYS as JSON: bucket -> [user, password]
import hashlib, json, os, sys, urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

keys = json.loads(os.environ["KEYS"])


def s3(user, password):
    return boto3.client(
        "s3", endpoint_url=sys.argv[1], aws_access_key_id=user, aws_secret_access_key=password, region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, request_checksum_calculation="when_required", response_checksum_validation="when_required"),
    )


def refused(what, code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, (what, e.response["Error"])
        return
    raise AssertionError(f"{what} was let through")


for bucket, (user, password) in keys.items():
    store = s3(user, password)
    store.put_object(Bucket=bucket, Key="a/b.txt", Body=b"of " + bucket.encode())
    assert store.get_object(Bucket=bucket, Key="a/b.txt")["Body"].read() == b"of " + bucket.encode()
    assert [o["Key"] for o in store.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/b.txt"]

    # in parts, as large files go
    parts = [os.urandom(6 << 20), os.urandom(1 << 20)]
    upload = store.create_multipart_upload(Bucket=bucket, Key="large")["UploadId"]
    sent = [
        {"PartNumber": n, "ETag": store.upload_part(Bucket=bucket, Key="large", UploadId=upload, PartNumber=n, Body=body)["ETag"]}
        for n, body in enumerate(parts, 1)
    ]
    store.complete_multipart_upload(Bucket=bucket, Key="large", UploadId=upload, MultipartUpload={"Parts": sent})
    got = store.get_object(Bucket=bucket, Key="large")["Body"].read()
    assert hashlib.sha256(got).digest() == hashlib.sha256(b"".join(parts)).digest(), "multipart differs"

    # an address to hand on
    signed = store.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a/b.txt"}, ExpiresIn=60)
    assert signed.startswith(sys.argv[1] + "/"), signed
    assert urllib.request.urlopen(signed).read() == b"of " + bucket.encode()

    for other in [*keys, "mlflow"]:
        if other != bucket:
            refused(f"{user} reads {other}", "AccessDenied", store.get_object, Bucket=other, Key="a/b.txt")
            refused(f"{user} writes {other}", "AccessDenied", store.put_object, Bucket=other, Key="x", Body=b"x")
            refused(f"{user} lists {other}", "AccessDenied", store.list_objects_v2, Bucket=other)
    refused(f"{user} makes a bucket", "AccessDenied", store.create_bucket, Bucket="made-by-" + user)
    store.delete_object(Bucket=bucket, Key="large")

refused("the default login", "InvalidAccessKeyId", s3("minioadmin", "minioadmin").list_buckets)
refused("a wrong password", "SignatureDoesNotMatch", s3(next(iter(keys.values()))[0], "x" * 40).list_buckets)

# older versions are kept where that is said
store = s3(*keys["datasets"])
store.put_object(Bucket="datasets", Key="v", Body=b"one")
store.put_object(Bucket="datasets", Key="v", Body=b"two")
store.delete_object(Bucket="datasets", Key="v")
kept = [v["VersionId"] for v in store.list_object_versions(Bucket="datasets", Prefix="v")["Versions"]]
assert len(kept) == 2, kept
refused("datasets deletes a kept version", "AccessDenied", store.delete_object, Bucket="datasets", Key="v", VersionId=kept[0])
several = store.delete_objects(Bucket="datasets", Delete={"Objects": [{"Key": "v", "VersionId": v} for v in kept]})
assert [e["Code"] for e in several["Errors"]] == ["AccessDenied"] * 2, several

# a session, which would outlive the password, opens nothing
user, password = keys["datasets"]
sts = boto3.client("sts", endpoint_url=sys.argv[1], aws_access_key_id=user, aws_secret_access_key=password, region_name="us-east-1")
session = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/any", RoleSessionName="any")["Credentials"]
of_session = boto3.client(
    "s3", endpoint_url=sys.argv[1], region_name="us-east-1",
    aws_access_key_id=session["AccessKeyId"], aws_secret_access_key=session["SecretAccessKey"], aws_session_token=session["SessionToken"],
)
refused("a session", "AccessDenied", of_session.list_objects_v2, Bucket="datasets")
print("buckets are as they were declared")
