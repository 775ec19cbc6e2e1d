{{/* What depends on the provider and is needed by more than one concern. */}}

{{/* "true" on a mesh. */}}
{{- define "mesh.on" -}}
{{- if ne .Values.mesh.provider "none" -}}true{{- end -}}
{{- end -}}

{{/* "true" on either kind of Istio. */}}
{{- define "mesh.istio" -}}
{{- if hasPrefix "istio" .Values.mesh.provider -}}true{{- end -}}
{{- end -}}

{{- define "mesh.ambient" -}}
{{- if eq .Values.mesh.provider "istio-ambient" -}}true{{- end -}}
{{- end -}}

{{- define "mesh.linkerd" -}}
{{- if eq .Values.mesh.provider "linkerd" -}}true{{- end -}}
{{- end -}}

{{/* Flagger moves the weights: routes and Services are then its own. */}}
{{- define "mesh.flagger" -}}
{{- if and .Values.canary.enabled (eq .Values.canary.provider "flagger") -}}true{{- end -}}
{{- end -}}

{{/* The chart runs the second version itself. */}}
{{- define "mesh.canary" -}}
{{- if and .Values.canary.enabled (eq .Values.canary.provider "mesh") -}}true{{- end -}}
{{- end -}}

{{- define "mesh.host" -}}
{{ include "chart.fullname" . }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{/* Every name that callers in the cluster may use. */}}
{{- define "mesh.hosts" -}}
- {{ include "mesh.host" . }}
{{- if .Values.service.headless }}
- {{ include "chart.fullname" . }}-headless.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end }}
{{- end -}}

{{- define "mesh.waypoint" -}}
{{- default (printf "%s-waypoint" (include "chart.fullname" .)) .Values.mesh.istio.waypoint.name -}}
{{- end -}}

{{/*
Istio takes grpc. Linkerd would take grpc for opaque TCP: it wants h2c. So does
the Gateway API, and whoever reads the field without a mesh.
*/}}
{{- define "mesh.appProtocol" -}}
{{- if include "mesh.istio" . -}}
grpc
{{- else if and (include "mtls.files" .) (eq (include "mtls.mode" .) "strict") -}}
https
{{- else -}}
kubernetes.io/h2c
{{- end -}}
{{- end -}}

{{/* As policies see the gRPC port: a sidecar the pod's, a waypoint perhaps the Service's. */}}
{{- define "mesh.grpcPorts" -}}
{{- $ports := list (toString .Values.ports.grpc) -}}
{{- if include "mesh.ambient" . -}}{{- $ports = append $ports (include "service.port" .) -}}{{- end -}}
{{- uniq $ports | toJson -}}
{{- end -}}

{{- define "mesh.waypointLabels" -}}
istio.io/waypoint-for: service
{{- with .Values.mesh.istio.revision }}
istio.io/rev: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "mesh.waypointAccount" -}}
{{- dict "serviceAccount" (include "mesh.waypoint" .) "namespace" (default .Release.Namespace .Values.mesh.istio.waypoint.namespace) | toYaml -}}
{{- end -}}

{{/* To whom an Istio policy applies: pods behind a sidecar, or the Service at its waypoint. */}}
{{- define "mesh.target" -}}
{{- if include "mesh.ambient" . -}}
targetRefs:
  - kind: Service
    group: ""
    name: {{ include "chart.fullname" . }}
{{- else -}}
selector:
  matchLabels:
    {{- include "chart.podSelector" . | trim | nindent 4 }}
{{- end -}}
{{- end -}}
