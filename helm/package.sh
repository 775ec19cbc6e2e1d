#!/bin/sh
# Packages the chart as one version, which asks for the image of that version:
#   helm/package.sh REGISTRY/REPOSITORY VERSION FOLDER
# Prints where the package is. HELM names another Helm than tools/helm's.
set -eu
image=${1:?the image, without a tag} version=${2:?the version} folder=${3:?where to}
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
copy=$(mktemp -d)
trap 'rm -r "$copy"' EXIT
cp -R "$root/helm" "$copy/chart"
sed -e "s|^  registry: registry.invalid\$|  registry: ${image%%/*}|" -e "s|^  repository: .*|  repository: ${image#*/}|" \
    "$root/helm/values.yaml" > "$copy/chart/values.yaml"
said=$(${HELM:-go -C "$root/tools/helm" tool helm} package "$copy/chart" \
    --version "$version" --app-version "$version" --destination "$folder")
echo "${said##* }"
