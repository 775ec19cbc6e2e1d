{{/* The pod template of the Deployment. */}}
{{- define "pod.template" -}}
metadata:
  labels:
    {{- include "chart.labels" . | nindent 4 }}
  annotations:
    # A changed setting restarts the pods.
    checksum/config: {{ include "env.settings" . | sha256sum }}
spec:
  serviceAccountName: {{ include "chart.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- include "pod.pullSecrets" . | nindent 2 }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
    - {{- include "pod.container" . | nindent 6 }}
  {{- if eq .Values.store.type "sqlite" }}
  volumes:
    - name: store
      {{- include "pod.storeVolume" .Values.store.sqlite.persistence | replace "CLAIM" (include "chart.fullname" .) | nindent 6 }}
  {{- end }}
{{- end -}}

{{- define "pod.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "pod.storeVolume" -}}
{{- if .enabled -}}
persistentVolumeClaim:
  claimName: {{ default "CLAIM" .existingClaim }}
{{- else -}}
emptyDir: {}
{{- end -}}
{{- end -}}

{{- define "pod.container" -}}
name: server
image: {{ include "chart.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
ports:
  - name: grpc
    containerPort: {{ .Values.ports.grpc }}
  - name: admin
    containerPort: {{ .Values.ports.admin }}
envFrom:
  - configMapRef:
      name: {{ include "chart.fullname" . }}
{{- $env := list -}}
{{- if eq .Values.store.type "postgres" -}}
{{- $env = concat $env (include "env.postgres" . | fromYamlArray) -}}
{{- end -}}
{{- $env = concat $env .Values.extraEnv -}}
{{- with $env }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
# httpGet on a port of its own is the one probe every mesh lets through.
startupProbe:
  httpGet: {path: /startupz, port: admin}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 10
  timeoutSeconds: 2
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 5
  timeoutSeconds: 2
lifecycle:
  preStop:
    # Endpoints and proxies learn of the end before the listener closes.
    sleep:
      seconds: 5
resources:
  {{- toYaml .Values.resources | nindent 2 }}
{{- if eq .Values.store.type "sqlite" }}
volumeMounts:
  - name: store
    mountPath: {{ .Values.store.sqlite.path }}
{{- end }}
{{- end -}}
